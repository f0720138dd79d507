// What the analyses of one load test observed: the input of the ranking of causes.
import type { Fact } from '../../verdict/finding.ts';
import type { Leak } from '../goroutine/leaks.ts';
import type { RequestWaits } from '../goroutine/requests.ts';
import type { DatabaseWaits } from '../postgres/activity.ts';
import type { ProvenIndex } from '../postgres/read-proof.ts';
import type { SlowStatement } from '../postgres/records.ts';
import type { Contention } from '../profile/contention.ts';
import type { CpuUse } from '../profile/cpu.ts';
import type { PoolUse } from '../runtime/pool.ts';
import type { SlowBand } from '../trace/slow-band.ts';

/** Null or an empty list means not observed, not absent. */
export interface Observation {
  requests: RequestWaits | null;
  /** Proven by the runtime. Null without a leak profile. */
  leaks: Leak[] | null;
  /** Sites that grew between two profiles, without proof. Null without two profiles. */
  suspects: (Leak & { gapSeconds: number | null })[] | null;
  cpu: (CpuUse & { library: { package: string; share: number } | null }) | null;
  contention: Contention[];
  /** p99 scheduler latency, as an upper bound. */
  schedulerP99Ms: number | null;
  pool: PoolUse | null;
  database: DatabaseWaits | null;
  /** Slow statements. Null where statements were not read. */
  statements: SlowStatement[] | null;
  /** Statements are from a log: those below its threshold are missing. */
  onlyLogged: boolean;
  /** Facts of plans, by statement. */
  plans: ReadonlyMap<string, Fact[]>;
  indexes: ProvenIndex[];
  slowBand: SlowBand | null;
  /** Why the database was not read; null where it was, or is not configured. */
  unread: { statements: string | null; database: string | null };
}
