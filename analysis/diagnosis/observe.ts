// The evidence of a record, each piece read once, as what was observed: what requests wait for, what the CPU does, what the database saw.
import type { EvidenceKind, Fact, Finding } from '../../verdict/finding.ts';
import { UnreadableEvidence } from '../analysis.ts';
import type { Observed } from '../cause/observed.ts';
import { provenLeaks } from '../goroutine/leaks.ts';
import type { Goroutines } from '../goroutine/goroutines.ts';
import { readGoroutines } from '../goroutine/read.ts';
import { waitsOfRequests } from '../goroutine/requests.ts';
import { databaseWaits } from '../postgres/activity.ts';
import { readPlan } from '../postgres/read-plan.ts';
import { readActivityLooks, readStatementsRecord } from '../postgres/read-records.ts';
import { readIndexProof } from '../postgres/read-proof.ts';
import { slowStatements } from '../postgres/slow.ts';
import { parserReady } from '../postgres/statement.ts';
import { isLogged } from '../postgres/records.ts';
import { sourceSentence } from '../postgres/source-sentence.ts';
import { contentions } from '../profile/contention.ts';
import { busiestLibrary, cpuUse } from '../profile/cpu.ts';
import { goPackage, isOwnCode } from '../profile/names.ts';
import type { Profile } from '../profile/profile.ts';
import { readProfile } from '../profile/read.ts';
import { poolUse } from '../runtime/pool.ts';
import { schedulerP99 } from '../runtime/scheduler-waits.ts';
import type { Entered } from '../trace/entered.ts';
import { slowBand, type SlowBand } from '../trace/slow-band.ts';
import { cannotRead, type LoadEvidence, type ReadEvidence } from './load-evidence.ts';
import { factsOfPlans } from './plan-facts.ts';
import { heapFacts, waitFacts } from './profile-facts.ts';
import type { DiagnosisInput, DiagnosisRecord } from './record.ts';
import { suspectsOf, type Suspect, type TakenProfile } from './suspects.ts';
import { tracesAskedFor, tracesOfTheLoad } from './traces-of-the-load.ts';

export interface Seen {
  observed: Observed;
  /** What profiles say that no cause is ranked from. */
  profileFacts: Fact[];
  /** Traces are there, but not of which load test they are. */
  tracesOfNone: boolean;
  /** Which traces were read; null where there are none, or the record does not say which to read. */
  entered: Omit<Entered, 'spans'> | null;
  /** One finding per piece that could not be read. */
  unreadable: Finding[];
  /** Load tests of which no pod has two goroutine profiles: what grows in them is not seen. */
  unpaired: string[];
  /** Where slow statements were read, and what that makes of their figures. */
  statementSources: string[];
}

interface Piece<T> {
  source: string;
  digest: string;
  value: T;
}

const DEFAULT_LIMIT_MS = 300;

/**
 * Everything read, by kind; one piece that cannot be read is told, and the others still count.
 * @param explained index of the load test whose slowness is to be explained: what it saw is not mixed with what others did. Null for all of
 * them. Leaks are looked for in all.
 */
export async function observe(
  record: DiagnosisRecord,
  loads: readonly LoadEvidence[],
  explained: number | null,
  read: ReadEvidence,
): Promise<Seen> {
  const unreadable: Finding[] = [];
  const inputs = inputsOf(record, explained);
  const bytesOf = async (digest: string): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of read(digest)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  async function each<T>(
    kind: EvidenceKind,
    readOne: (bytes: Uint8Array) => T,
    of: readonly DiagnosisInput[] = inputs,
  ): Promise<Piece<T>[]> {
    const found: Piece<T>[] = [];
    for (const { digest, source } of of.filter((input) => input.kind === kind)) {
      try {
        found.push({ source, digest, value: readOne(await bytesOf(digest)) });
      } catch (error) {
        if (!(error instanceof UnreadableEvidence)) throw error;
        unreadable.push(cannotRead(kind, source, digest, error.message));
      }
    }
    return found;
  }
  const valuesOf = <T>(found: readonly { value: T }[]): T[] => found.map(({ value }) => value);
  const byLoad = async <T>(kind: EvidenceKind, readOne: (bytes: Uint8Array) => T): Promise<Piece<T>[][]> => {
    const found: Piece<T>[][] = [];
    for (const load of record.loadTests) found.push(await each(kind, readOne, load.inputs));
    return found;
  };
  const wanted = <T>(ofLoads: readonly T[][]): T[] => (explained === null ? ofLoads.flat() : (ofLoads[explained] ?? []));

  const taken = await byLoad('goroutine-profile', (bytes) => ({ value: readGoroutines(bytes), takenAtMs: takenAt(bytes) }));
  const goroutines = taken.map((of) => of.map(({ source, value }): TakenProfile => ({ source, ...value })));
  const leaks = await each('goroutine-leak-profile', readGoroutines, inputsOf(record, null));
  const profiles = taken.flat().map(({ value: { value }, ...of }) => ({ ...of, value }));
  unreadable.push(...partial('goroutine-profile', profiles), ...partial('goroutine-leak-profile', leaks));
  const cpu = valuesOf(await each('cpu-profile', readProfile));
  const mutex = valuesOf(await each('mutex-profile', readProfile));
  const block = valuesOf(await each('block-profile', readProfile));
  const heap = valuesOf(await each('heap-profile', readProfile));
  const statements = (await byLoad('slow-statements', readStatementsRecord)).map(valuesOf);
  const looks = valuesOf(await each('lock-waits', readActivityLooks)).flat();
  const indexes = valuesOf(await each('index-proof', readIndexProof));
  const loggedPlans = (await byLoad('query-plan', readPlan)).flatMap(valuesOf);
  const askedPlans = valuesOf(await each('query-plan', readPlan, record.inputs));
  const ofLoad = tracesAskedFor(record, explained);
  const [traces] = valuesOf(await each('traces', (bytes) => bandUnderLoad(bytes, record), ofLoad ?? []));
  const requests = waitsOfRequests(valuesOf(wanted(goroutines)));
  const isOwn = ownPackages(cpu);
  const use = cpuUse(cpu, isOwn);
  const measured = explained === null ? loads : loads.slice(explained, explained + 1);
  const pools = measured.flatMap(({ plan, samples }) => poolUse(samples, plan?.limits.p99Ms ?? DEFAULT_LIMIT_MS));
  // What a plan shows is told from its conditions and its statement, which PostgreSQL's own parser reads.
  await parserReady;
  const costs = wanted(statements).filter(({ unread }) => unread === null);
  const suspects = goroutines.map((profiles, i) => suspectsOf(profiles, loads[i]?.samples ?? []));
  return {
    unreadable,
    profileFacts: [...waitFacts(block), ...heapFacts(heap)],
    tracesOfNone: ofLoad === null,
    unpaired: record.loadTests.filter((_, i) => suspects[i] === null).map(({ name }) => name),
    statementSources: wanted(statements).flatMap((each) => sourceSentence(each) ?? []),
    entered: traces?.entered ?? null,
    observed: {
      requests: wanted(goroutines).length === 0 ? null : requests,
      leaks: leaks.length === 0 ? null : provenLeaks(valuesOf(leaks)),
      suspects: suspects.every((of) => of === null) ? null : suspects.flatMap((of): Suspect[] => of ?? []),
      cpu: use === null ? null : { ...use, library: busiestLibrary(use, isOwn) },
      contention: contentions(mutex),
      schedulerP99Ms: highest(measured.map(({ samples }) => schedulerP99(samples))),
      pool: pools.find(({ saturated }) => saturated) ?? pools[0] ?? null,
      database: databaseWaits(looks),
      statements: costs.length === 0 ? null : costs.flatMap(slowStatements),
      onlyLogged: costs.some(isLogged),
      plans: factsOfPlans(statements.flat(), { logged: loggedPlans, asked: askedPlans }),
      indexes,
      slowBand: traces?.band ?? null,
      unread: {
        statements: costs.length > 0 ? null : (wanted(statements)[0]?.unread ?? null),
        database: looks.find(({ unread }) => unread !== null)?.unread ?? null,
      },
    },
  };
}

/** Of what was cut off the rest counts, but what is missing may be what leaks. */
function partial(kind: EvidenceKind, pieces: readonly Piece<Goroutines>[]): Finding[] {
  return pieces.flatMap(({ source, digest, value: { problems } }) =>
    problems.slice(0, 1).map((problem) => ({
      ...cannotRead(kind, source, digest, ''),
      message: `the ${kind.replaceAll('-', ' ')} of ${source} is not whole: ${problem}`,
    })),
  );
}

/** What the load test at this index left, or all of them, and what was asked for afterwards. */
export function inputsOf({ loadTests, inputs }: DiagnosisRecord, explained: number | null): DiagnosisInput[] {
  return [...(explained === null ? loadTests : loadTests.slice(explained, explained + 1)).flatMap((load) => load.inputs), ...inputs];
}

/** The slow band of the requests of the load. */
function bandUnderLoad(bytes: Uint8Array, record: DiagnosisRecord): { band: SlowBand | null; entered: Seen['entered'] } {
  const { spans, entered } = tracesOfTheLoad(bytes, record);
  return { band: slowBand(spans, { service: record.service }), entered };
}

/** Milliseconds since 1970; null where this form of a profile does not say. */
function takenAt(bytes: Uint8Array): number | null {
  try {
    return readProfile(bytes).startedAtMs || null;
  } catch (error) {
    // The text forms are no pprof profile, and have no time.
    if (error instanceof UnreadableEvidence) return null;
    throw error;
  }
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Packages of the service itself. */
function ownPackages(profiles: readonly Profile[]): (path: string) => boolean {
  const own = new Set<string>();
  for (const profile of profiles)
    for (let index = 0; index < profile.functions; index += 1)
      if (isOwnCode(profile.functionName(index), profile.fileName(index))) own.add(goPackage(profile.functionName(index)));
  return (path) => own.has(path);
}
