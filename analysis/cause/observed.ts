// All that the analyses of one load test saw, side by side: what causes are ranked from.
import type { Fact } from '../../verdict/finding.ts';
import type { Leak } from '../goroutine/leaks.ts';
import type { RequestWaits } from '../goroutine/requests.ts';
import type { DatabaseWaits } from '../postgres/activity.ts';
import type { SlowStatement } from '../postgres/records.ts';
import type { Contention } from '../profile/contention.ts';
import type { CpuUse } from '../profile/cpu.ts';
import type { PoolUse } from '../runtime/pool.ts';
import type { SlowBand } from '../trace/slow-band.ts';

/** An index that was proposed, and what it did on a copy of the table. */
export interface ProvenIndex {
  statement: string;
  sql: string;
  /** Milliseconds of the statement on the copy. */
  beforeMs: number;
  afterMs: number;
}

/** What is null, or an empty list, was not seen: that says nothing of whether it is there. */
export interface Observed {
  requests: RequestWaits | null;
  /** Proven by the runtime. Null where no pod could tell. */
  leaks: Leak[] | null;
  /** Sites that grew between two profiles, and are not proven. Null where there are no two. */
  suspects: (Leak & { gapSeconds: number | null })[] | null;
  cpu: (CpuUse & { library: { package: string; share: number } | null }) | null;
  contention: Contention[];
  /** Of 100 times a goroutine was ready to run, the 99th waited at most this for a processor. */
  schedulerP99Ms: number | null;
  pool: PoolUse | null;
  database: DatabaseWaits | null;
  /** Slow by themselves. Null where statements were not read. */
  statements: SlowStatement[] | null;
  /** A log told them: what is below its threshold was not seen. */
  onlyLogged: boolean;
  /** What the plans of statements show, by statement. */
  plans: ReadonlyMap<string, Fact[]>;
  indexes: ProvenIndex[];
  slowBand: SlowBand | null;
  /** Why the database was not read, where it was asked; null where it was, or was not asked. */
  unread: { statements: string | null; database: string | null };
}
