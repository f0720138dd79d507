// The evidence of a record, each piece read once, as what was observed: what requests wait for, what the CPU does, what the database saw.
import type { EvidenceKind, Finding } from '../../verdict/finding.ts';
import { UnreadableEvidence } from '../analysis.ts';
import type { Observed } from '../cause/observed.ts';
import { growingSites, provenLeaks } from '../goroutine/leaks.ts';
import { readGoroutines } from '../goroutine/read.ts';
import { waitsOfRequests } from '../goroutine/requests.ts';
import type { Goroutines } from '../goroutine/goroutines.ts';
import { readLoadPlan } from '../load-test/summary.ts';
import { databaseWaits } from '../postgres/activity.ts';
import { readActivityLooks, readStatementsRecord } from '../postgres/read-records.ts';
import { readIndexProof } from '../postgres/read-proof.ts';
import { slowStatements } from '../postgres/slow.ts';
import { sourceSentence } from '../postgres/source-sentence.ts';
import { contentions } from '../profile/contention.ts';
import { busiestLibrary, cpuUse } from '../profile/cpu.ts';
import { goPackage, isOwnCode } from '../profile/names.ts';
import type { Profile } from '../profile/profile.ts';
import { readProfile } from '../profile/read.ts';
import { schedulerP99 } from '../runtime/by-stage.ts';
import { poolUse } from '../runtime/pool.ts';
import { readRuntimeSamples } from '../runtime/summary.ts';
import { enteredAt, type Entered } from '../trace/entered.ts';
import { readSpans } from '../trace/read.ts';
import { slowBand, type SlowBand } from '../trace/slow-band.ts';
import { columnsOf } from '../trace/spans.ts';
import type { DiagnosisInput, DiagnosisRecord } from './record.ts';

/** Gives the stored bytes under a digest. */
export type ReadEvidence = (digest: string) => AsyncIterable<Uint8Array>;

export interface Seen {
  observed: Observed;
  /** Which traces were read; null where there are none, or the record does not say which to read. */
  entered: Omit<Entered, 'spans'> | null;
  /** One finding per piece that could not be read. */
  unreadable: Finding[];
  /** Where slow statements were read, and what that makes of their figures. */
  statementSources: string[];
}

const DEFAULT_LIMIT_MS = 300;

/** Everything read, by kind; one piece that cannot be read is told, and the others still count. */
export async function observe(inputs: readonly DiagnosisInput[], record: DiagnosisRecord, read: ReadEvidence): Promise<Seen> {
  const unreadable: Finding[] = [];
  const bytesOf = async (digest: string): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of read(digest)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  async function each<T>(kind: EvidenceKind, readOne: (bytes: Uint8Array) => T, of = inputs): Promise<{ source: string; value: T }[]> {
    const found: { source: string; value: T }[] = [];
    for (const { digest, source } of of.filter((input) => input.kind === kind)) {
      try {
        found.push({ source, value: readOne(await bytesOf(digest)) });
      } catch (error) {
        if (!(error instanceof UnreadableEvidence)) throw error;
        unreadable.push(cannotRead(kind, source, digest, error.message));
      }
    }
    return found;
  }
  const valuesOf = <T>(found: readonly { value: T }[]): T[] => found.map(({ value }) => value);

  const goroutines = await each('goroutine-profile', readGoroutines);
  const leaks = await each('goroutine-leak-profile', readGoroutines);
  const cpu = valuesOf(await each('cpu-profile', readProfile));
  const mutex = valuesOf(await each('mutex-profile', readProfile));
  const statements = valuesOf(await each('slow-statements', readStatementsRecord));
  const looks = valuesOf(await each('lock-waits', readActivityLooks)).flat();
  const indexes = valuesOf(await each('index-proof', readIndexProof));
  const [traces] = valuesOf(await each('traces', (bytes) => bandUnderLoad(bytes, record)));
  const requests = waitsOfRequests(valuesOf(goroutines));
  const isOwn = ownPackages(cpu);
  const use = cpuUse(cpu, isOwn);
  let pool: Observed['pool'] = null;
  let schedulerP99Ms: number | null = null;
  for (const load of record.loadTests) {
    const points = load.inputs.find(({ kind }) => kind === 'k6-points');
    const samples = load.inputs.find(({ kind }) => kind === 'runtime-samples');
    if (!points || !samples) continue;
    const plan = await readLoadPlan(read(points.digest));
    const taken = await readRuntimeSamples(read(samples.digest));
    schedulerP99Ms ??= schedulerP99(taken);
    pool ??= poolUse(taken, plan?.limits.p99Ms ?? DEFAULT_LIMIT_MS);
  }
  const halves = earlierAndLater(goroutines);
  return {
    unreadable,
    statementSources: statements.flatMap((each) => sourceSentence(each) ?? []),
    entered: traces?.entered ?? null,
    observed: {
      service: record.service,
      requests: goroutines.length === 0 ? null : requests,
      leaks: leaks.length === 0 ? null : provenLeaks(valuesOf(leaks)),
      suspects: halves === null ? null : growingSites(halves.earlier, halves.later),
      cpu: use === null ? null : { ...use, library: busiestLibrary(use, isOwn) },
      contention: contentions(mutex),
      schedulerP99Ms,
      pool,
      database: databaseWaits(looks),
      statements: statements.flatMap(slowStatements),
      indexes,
      slowBand: traces?.band ?? null,
    },
  };
}

function cannotRead(kind: EvidenceKind, source: string, digest: string, why: string): Finding {
  return {
    code: 'EvidenceUnreadable',
    subject: `${kind} of ${source}`,
    outcome: 'inconclusive',
    measured: null,
    limit: null,
    unit: '',
    message: `the ${kind.replaceAll('-', ' ')} of ${source} cannot be read: ${why}`,
    evidence: [digest],
  };
}

/** The slow band of the requests of the load; of all of the service where the record does not say which Deployment that was. */
function bandUnderLoad(bytes: Uint8Array, { service, underLoad }: DiagnosisRecord): { band: SlowBand | null; entered: Seen['entered'] } {
  const all = readSpans(bytes);
  if (underLoad === undefined) return { band: slowBand(columnsOf(all)), entered: null };
  const { spans, ...entered } = enteredAt(all, service, underLoad);
  return { band: slowBand(columnsOf(spans)), entered };
}

/** Profiles of one pod in the order they were taken: the first half of each pod's, and the second. Null where no pod has two. */
function earlierAndLater(
  profiles: readonly { source: string; value: Goroutines }[],
): { earlier: Goroutines[]; later: Goroutines[] } | null {
  const earlier: Goroutines[] = [];
  const later: Goroutines[] = [];
  for (const pod of new Set(profiles.map(({ source }) => source))) {
    const own = profiles.filter(({ source }) => source === pod);
    if (own.length < 2) continue;
    earlier.push((own[0] as { value: Goroutines }).value);
    later.push((own.at(-1) as { value: Goroutines }).value);
  }
  return later.length === 0 ? null : { earlier, later };
}

/** Packages of the service itself. */
function ownPackages(profiles: readonly Profile[]): (path: string) => boolean {
  const own = new Set<string>();
  for (const profile of profiles)
    for (let index = 0; index < profile.functions; index += 1)
      if (isOwnCode(profile.functionName(index), profile.fileName(index))) own.add(goPackage(profile.functionName(index)));
  return (path) => own.has(path);
}
