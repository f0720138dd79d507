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
import { readActivitySamples, readStatementsRecord } from '../postgres/read-records.ts';
import { readIndexProof } from '../postgres/read-proof.ts';
import { slowStatements } from '../postgres/records.ts';
import { parserReady } from '../postgres/statement.ts';
import { isLogged } from '../postgres/records.ts';
import { sourceText } from '../postgres/records.ts';
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
import { pieceReader, valuesOf, type Piece, type PieceReader } from './pieces.ts';
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
  const pieces = pieceReader(record, read);
  const inputs = inputsOf(record, explained);
  const wanted = <T>(ofLoads: readonly T[][]): T[] => (explained === null ? ofLoads.flat() : (ofLoads[explained] ?? []));

  const goroutines = await readGoroutineProfiles(pieces, record);
  const profiles = await readProfiles(pieces, inputs);
  const database = await readDatabaseRecords(pieces, record, inputs);
  const ofLoad = tracesAskedFor(record, explained);
  const [traces] = valuesOf(await pieces.each('traces', (bytes) => bandUnderLoad(bytes, record), ofLoad ?? []));
  const measured = explained === null ? loads : loads.slice(explained, explained + 1);
  const suspects = goroutines.taken.map((taken, i) => suspectsOf(taken, loads[i]?.samples ?? []));
  // What a plan shows is told from its conditions and its statement, which PostgreSQL's own parser reads.
  await parserReady;
  return {
    unreadable: pieces.unreadable,
    profileFacts: [...waitFacts(profiles.block), ...heapFacts(profiles.heap)],
    tracesOfNone: ofLoad === null,
    unpaired: record.loadTests.filter((_, i) => suspects[i] === null).map(({ name }) => name),
    statementSources: wanted(database.statements).flatMap((each) => sourceText(each) ?? []),
    entered: traces?.entered ?? null,
    observed: {
      requests: wanted(goroutines.taken).length === 0 ? null : waitsOfRequests(valuesOf(wanted(goroutines.taken))),
      leaks: goroutines.leaks.length === 0 ? null : provenLeaks(goroutines.leaks),
      suspects: suspects.every((of) => of === null) ? null : suspects.flatMap((of): Suspect[] => of ?? []),
      cpu: cpuObserved(profiles.cpu),
      contention: contentions(profiles.mutex),
      schedulerP99Ms: highest(measured.map(({ samples }) => schedulerP99(samples))),
      pool: poolObserved(measured),
      ...databaseObserved(database, wanted(database.statements)),
      slowBand: traces?.band ?? null,
    },
  };
}

/** Of the first kind by load test; an incomplete profile counts as unreadable, too. */
async function readGoroutineProfiles(
  pieces: PieceReader,
  record: DiagnosisRecord,
): Promise<{ taken: TakenProfile[][]; leaks: Goroutines[] }> {
  const found = await pieces.byLoad('goroutine-profile', (bytes) => ({ value: readGoroutines(bytes), takenAtMs: takenAt(bytes) }));
  const leaks = await pieces.each('goroutine-leak-profile', readGoroutines, inputsOf(record, null));
  const profiles = found.flat().map(({ value: { value }, ...of }) => ({ ...of, value }));
  pieces.unreadable.push(...partial('goroutine-profile', profiles), ...partial('goroutine-leak-profile', leaks));
  return { taken: found.map((of) => of.map(({ source, value }): TakenProfile => ({ source, ...value }))), leaks: valuesOf(leaks) };
}

async function readProfiles(pieces: PieceReader, inputs: readonly DiagnosisInput[]) {
  const profiles = async (kind: EvidenceKind): Promise<Profile[]> => valuesOf(await pieces.each(kind, readProfile, inputs));
  return {
    cpu: await profiles('cpu-profile'),
    mutex: await profiles('mutex-profile'),
    block: await profiles('block-profile'),
    heap: await profiles('heap-profile'),
  };
}

type DatabaseRecords = Awaited<ReturnType<typeof readDatabaseRecords>>;

/** Statements by load test; plans as the server logged them, and as they were asked for afterwards. */
async function readDatabaseRecords(pieces: PieceReader, record: DiagnosisRecord, inputs: readonly DiagnosisInput[]) {
  return {
    statements: (await pieces.byLoad('slow-statements', readStatementsRecord)).map(valuesOf),
    looks: valuesOf(await pieces.each('lock-waits', readActivitySamples, inputs)).flat(),
    indexes: valuesOf(await pieces.each('index-proof', readIndexProof, inputs)),
    plans: {
      logged: (await pieces.byLoad('query-plan', readPlan)).flatMap(valuesOf),
      asked: valuesOf(await pieces.each('query-plan', readPlan, record.inputs)),
    },
  };
}

function cpuObserved(profiles: readonly Profile[]): Observed['cpu'] {
  const isOwn = ownPackages(profiles);
  const use = cpuUse(profiles, isOwn);
  return use === null ? null : { ...use, library: busiestLibrary(use, isOwn) };
}

/** The first that is saturated; where none is, the first. */
function poolObserved(loads: readonly LoadEvidence[]): Observed['pool'] {
  const pools = loads.flatMap(({ plan, samples }) => poolUse(samples, plan?.limits.p99Ms ?? DEFAULT_LIMIT_MS));
  return pools.find(({ saturated }) => saturated) ?? pools[0] ?? null;
}

type ObservedOfDatabase = Pick<Observed, 'database' | 'statements' | 'onlyLogged' | 'plans' | 'indexes' | 'unread'>;

/** @param explained the statements of the load test that is to be explained. */
function databaseObserved(
  { statements, looks, indexes, plans }: DatabaseRecords,
  explained: DatabaseRecords['statements'][number],
): ObservedOfDatabase {
  const costs = explained.filter(({ unread }) => unread === null);
  return {
    database: databaseWaits(looks),
    statements: costs.length === 0 ? null : costs.flatMap(slowStatements),
    onlyLogged: costs.some(isLogged),
    plans: factsOfPlans(statements.flat(), plans),
    indexes,
    unread: {
      statements: costs.length > 0 ? null : (explained[0]?.unread ?? null),
      database: looks.find(({ unread }) => unread !== null)?.unread ?? null,
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
