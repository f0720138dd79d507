// Reads each piece of evidence of a record once and collects the observation: waits of requests, CPU, database, traces.
import type { EvidenceKind, Fact, Finding } from '../../verdict/finding.ts';
import { UnreadableEvidence } from '../analysis.ts';
import type { Observation } from '../cause/observation.ts';
import { provenLeaks } from '../goroutine/leaks.ts';
import type { Goroutines } from '../goroutine/goroutines.ts';
import { readGoroutines } from '../goroutine/read.ts';
import { waitsOfRequests } from '../goroutine/requests.ts';
import { databaseWaits } from '../postgres/activity.ts';
import { readPlan } from '../postgres/read-plan.ts';
import { readActivitySamples, readStatementsRecord } from '../postgres/read-records.ts';
import { readIndexProof } from '../postgres/read-proof.ts';
import { isLogged, slowStatements, sourceText } from '../postgres/records.ts';
import { parserReady } from '../postgres/statement.ts';
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

export interface DiagnosisObservation {
  observation: Observation;
  /** Facts of profiles from which no cause is ranked. */
  profileFacts: Fact[];
  /** There are traces, but it is unknown of which load test. */
  tracesOfNone: boolean;
  /** Which traces were read; null without traces, or where the record does not contain the Deployment under load. */
  entered: Omit<Entered, 'spans'> | null;
  /** One finding per piece that could not be read. */
  unreadable: Finding[];
  /** Load tests without a pod that has two goroutine profiles: growth in them is not detected. */
  unpaired: string[];
  /** Where slow statements were read, and what that means for their counts. */
  statementSources: string[];
}

const DEFAULT_LIMIT_MS = 300;

/**
 * Reads everything, by kind; a piece that cannot be read becomes a finding.
 * @param explained index of the load test to explain, whose evidence is not mixed with that of others; null for all. Leaks are searched in
 * all.
 */
export async function observe(
  record: DiagnosisRecord,
  loads: readonly LoadEvidence[],
  explained: number | null,
  read: ReadEvidence,
): Promise<DiagnosisObservation> {
  const pieces = pieceReader(record, read);
  const inputs = inputsOf(record, explained);
  const wanted = <T>(byLoad: readonly T[][]): T[] => (explained === null ? byLoad.flat() : (byLoad[explained] ?? []));

  const goroutines = await readGoroutineProfiles(pieces, record);
  const profiles = await readProfiles(pieces, inputs);
  const database = await readDatabaseRecords(pieces, record, inputs);
  const requested = tracesAskedFor(record, explained);
  const [traces] = valuesOf(await pieces.each('traces', (bytes) => bandUnderLoad(bytes, record), requested ?? []));
  const measured = explained === null ? loads : loads.slice(explained, explained + 1);
  const suspects = goroutines.taken.map((taken, i) => suspectsOf(taken, loads[i]?.samples ?? []));
  // Facts of plans use their conditions and statements, which PostgreSQL's own parser reads.
  await parserReady;
  return {
    unreadable: pieces.unreadable,
    profileFacts: [...waitFacts(profiles.block), ...heapFacts(profiles.heap)],
    tracesOfNone: requested === null,
    unpaired: record.loadTests.filter((_, i) => suspects[i] === null).map(({ name }) => name),
    statementSources: wanted(database.statements).flatMap((each) => sourceText(each) ?? []),
    entered: traces?.entered ?? null,
    observation: {
      requests: wanted(goroutines.taken).length === 0 ? null : waitsOfRequests(valuesOf(wanted(goroutines.taken))),
      leaks: goroutines.leaks.length === 0 ? null : provenLeaks(goroutines.leaks),
      suspects: suspects.every((each) => each === null) ? null : suspects.flatMap((each): Suspect[] => each ?? []),
      cpu: cpuObservation(profiles.cpu),
      contention: contentions(profiles.mutex),
      schedulerP99Ms: highest(measured.map(({ samples }) => schedulerP99(samples))),
      pool: poolObservation(measured),
      ...databaseObservation(database, wanted(database.statements)),
      slowBand: traces?.band ?? null,
    },
  };
}

/** The goroutine profiles by load test; an incomplete profile counts as unreadable too. */
async function readGoroutineProfiles(
  pieces: PieceReader,
  record: DiagnosisRecord,
): Promise<{ taken: TakenProfile[][]; leaks: Goroutines[] }> {
  const found = await pieces.byLoad('goroutine-profile', (bytes) => ({ value: readGoroutines(bytes), takenAtMs: takenAt(bytes) }));
  const leaks = await pieces.each('goroutine-leak-profile', readGoroutines, inputsOf(record, null));
  const profiles = found.flat().map(({ value: { value }, ...piece }) => ({ ...piece, value }));
  pieces.unreadable.push(...partial('goroutine-profile', profiles), ...partial('goroutine-leak-profile', leaks));
  return { taken: found.map((load) => load.map(({ source, value }): TakenProfile => ({ source, ...value }))), leaks: valuesOf(leaks) };
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

/** Statements by load test; plans that the server logged, and plans that were requested afterwards. */
async function readDatabaseRecords(pieces: PieceReader, record: DiagnosisRecord, inputs: readonly DiagnosisInput[]) {
  return {
    statements: (await pieces.byLoad('slow-statements', readStatementsRecord)).map(valuesOf),
    samples: valuesOf(await pieces.each('lock-waits', readActivitySamples, inputs)).flat(),
    indexes: valuesOf(await pieces.each('index-proof', readIndexProof, inputs)),
    plans: {
      logged: (await pieces.byLoad('query-plan', readPlan)).flatMap(valuesOf),
      requested: valuesOf(await pieces.each('query-plan', readPlan, record.inputs)),
    },
  };
}

function cpuObservation(profiles: readonly Profile[]): Observation['cpu'] {
  const isOwn = ownPackages(profiles);
  const use = cpuUse(profiles, isOwn);
  return use === null ? null : { ...use, library: busiestLibrary(use, isOwn) };
}

/** The first saturated pool, else the first. */
function poolObservation(loads: readonly LoadEvidence[]): Observation['pool'] {
  const pools = loads.flatMap(({ plan, samples }) => poolUse(samples, plan?.limits.p99Ms ?? DEFAULT_LIMIT_MS));
  return pools.find(({ saturated }) => saturated) ?? pools[0] ?? null;
}

type DatabaseObservation = Pick<Observation, 'database' | 'statements' | 'onlyLogged' | 'plans' | 'indexes' | 'unread'>;

/** @param explained the statements of the load test to explain. */
function databaseObservation(
  { statements, samples, indexes, plans }: DatabaseRecords,
  explained: DatabaseRecords['statements'][number],
): DatabaseObservation {
  const costs = explained.filter(({ unread }) => unread === null);
  return {
    database: databaseWaits(samples),
    statements: costs.length === 0 ? null : costs.flatMap(slowStatements),
    onlyLogged: costs.some(isLogged),
    plans: factsOfPlans(statements.flat(), plans),
    indexes,
    unread: {
      statements: costs.length > 0 ? null : (explained[0]?.unread ?? null),
      database: samples.find(({ unread }) => unread !== null)?.unread ?? null,
    },
  };
}

/** The readable part counts, but the missing part may contain the leak. */
function partial(kind: EvidenceKind, pieces: readonly Piece<Goroutines>[]): Finding[] {
  return pieces.flatMap(({ source, digest, value: { problems } }) =>
    problems.slice(0, 1).map((problem) => ({
      ...cannotRead(kind, source, digest, ''),
      message: `the ${kind.replaceAll('-', ' ')} of ${source} is incomplete: ${problem}`,
    })),
  );
}

/** Evidence of the load test at this index, or of all, and what was captured afterwards. */
export function inputsOf({ loadTests, inputs }: DiagnosisRecord, explained: number | null): DiagnosisInput[] {
  return [...(explained === null ? loadTests : loadTests.slice(explained, explained + 1)).flatMap((load) => load.inputs), ...inputs];
}

/** The slow band of the load's requests. */
function bandUnderLoad(bytes: Uint8Array, record: DiagnosisRecord): { band: SlowBand | null; entered: DiagnosisObservation['entered'] } {
  const { spans, entered } = tracesOfTheLoad(bytes, record);
  return { band: slowBand(spans, { service: record.service }), entered };
}

/** Milliseconds since 1970; null where this profile format does not contain it. */
function takenAt(bytes: Uint8Array): number | null {
  try {
    return readProfile(bytes).startedAtMs || null;
  } catch (error) {
    // The text formats are not pprof profiles, and have no time.
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
