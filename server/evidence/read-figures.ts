// Parses a piece of evidence into plain data. Runs in a thread (`figures-thread.ts`); `draw.ts` renders the result.
import { UnreadableEvidence, type Analysis } from '../../analysis/analysis.ts';
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import { readDiagnosisRecord, type DiagnosisRecord } from '../../analysis/diagnosis/record.ts';
import { leftOut, tracesOfTheLoad } from '../../analysis/diagnosis/traces-of-the-load.ts';
import { evidenceKinds, isReadableKind } from '../../analysis/evidence-kinds.ts';
import { describeGoroutines } from '../../analysis/goroutine/describe.ts';
import { readGoroutines } from '../../analysis/goroutine/read.ts';
import type { Plan } from '../../analysis/postgres/plan.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { parserReady } from '../../analysis/postgres/statement.ts';
import { describeProfile } from '../../analysis/profile/describe.ts';
import { differenceTable } from '../../analysis/profile/difference.ts';
import { flameDifference, flameTree, type FlameNode } from '../../analysis/profile/flame.ts';
import { sampleTypeIndex, type Profile } from '../../analysis/profile/profile.ts';
import { readProfile } from '../../analysis/profile/read.ts';
import { describeTraces } from '../../analysis/trace/describe.ts';
import { readTraces } from '../../analysis/trace/read.ts';
import { slowTrace, type Waterfall } from '../../analysis/trace/waterfall.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';

export interface FiguresAsked extends Pick<EvidenceRef, 'kind' | 'digest'> {
  /** Digest of an earlier profile to compare with. */
  before: string | null;
  /** Name of a sample type; the default of the profile if null or unknown. */
  sampleType: string | null;
  /** For traces: digest of the record of their diagnosis, which identifies the traces of the load test. */
  diagnosis?: string | undefined;
}

export interface Figures {
  /** null if the kind has no picture. */
  picture: Picture | null;
  analysis: Measurements;
}

/** Facts and tables only. Findings are those that the countdown stored, judged by its limits. */
export type Measurements = Omit<Analysis, 'findings'>;

const measurementsOf = ({ facts, tables }: Analysis): Measurements => ({ facts, tables });

export type Picture =
  | { kind: 'flame'; flame: Flame }
  | { kind: 'plans'; plans: { title: string | null; plan: Plan }[] }
  | { kind: 'trace'; trace: Waterfall };

export interface Flame {
  tree: FlameNode;
  /** The selected sample type, and all types of the profile. */
  sampleType: string;
  sampleTypes: string[];
  /** Unit in the profile: `nanoseconds`, `bytes`, `count`. */
  unit: string;
  /** Whether the tree compares two profiles. */
  compared: boolean;
}

export type ReadEvidence = (digest: string) => AsyncIterable<Uint8Array>;

const isProfile = (kind: string): boolean => kind.endsWith('-profile');
/** Profiles with values per function. Goroutine profiles are grouped by what they wait for instead. */
const ofFunctions: ReadonlySet<string> = new Set(['cpu-profile', 'heap-profile', 'mutex-profile', 'block-profile']);

/** Kinds with a page. k6 points are plotted in the report instead. */
export const hasFigures = (kind: string): boolean => isReadableKind(kind) || kind === 'diagnosis' || kind === 'index-proof';

/** Reads a piece of evidence. Throws UnreadableEvidence if it is damaged or its kind has no page. */
export async function readFigures(asked: FiguresAsked, read: ReadEvidence): Promise<Figures> {
  const { kind, digest } = asked;
  await parserReady;
  const bytes = await whole(read(digest));
  if (kind === 'diagnosis') return await readDiagnosis(bytes, digest, read);
  if (kind === 'index-proof') return readProof(bytes);
  if (isProfile(kind)) return await readProfiles(asked, bytes, read);
  if (!isReadableKind(kind)) throw new UnreadableEvidence(`evidence of kind ${kind} has no page`, digest, 'download the bytes');
  if (kind === 'traces') return await readTracesOf(asked, bytes, read);
  const analysis = measurementsOf(await evidenceKinds[kind].analyze(bytes, { limits: null }));
  return { picture: kind === 'query-plan' ? { kind: 'plans', plans: [{ title: null, plan: readPlan(bytes) }] } : null, analysis };
}

async function readTracesOf({ diagnosis }: FiguresAsked, bytes: Uint8Array, read: ReadEvidence): Promise<Figures> {
  const { spans, entered } =
    diagnosis === undefined ? { spans: readTraces(bytes), entered: null } : tracesOfTheLoad(bytes, await readRecord(diagnosis, read));
  const analysis = measurementsOf(describeTraces(spans));
  if (entered !== null && entered.elsewhere > 0)
    analysis.facts.push({ subject: 'traces', text: leftOut(entered), values: { elsewhere: entered.elsewhere } });
  const trace = slowTrace(spans);
  return { picture: trace && { kind: 'trace', trace }, analysis };
}

const readRecord = async (digest: string, read: ReadEvidence): Promise<DiagnosisRecord> =>
  readDiagnosisRecord(new TextDecoder().decode(await whole(read(digest))));

/** With an earlier profile, the table of changes comes first: every picture has its values in a table. */
async function readProfiles({ kind, before, sampleType }: FiguresAsked, bytes: Uint8Array, read: ReadEvidence): Promise<Figures> {
  const profile = readProfile(bytes);
  const type = (sampleType === null ? null : sampleTypeIndex(profile, sampleType)) ?? profile.defaultType;
  const earlierBytes = before === null ? null : await whole(read(before));
  const earlier = earlierBytes && readProfile(earlierBytes);
  const analysis = measurementsOf(await analysisOf());
  const changed = earlier === null ? [] : [differenceTable(earlier, profile, type)];
  return {
    picture: { kind: 'flame', flame: flameOf(profile, earlier, type) },
    analysis: { ...analysis, tables: [...changed, ...analysis.tables] },
  };

  async function analysisOf(): Promise<Analysis> {
    if (kind === 'goroutine-profile') return describeGoroutines(readGoroutines(bytes), earlierBytes && readGoroutines(earlierBytes));
    return isReadableKind(kind) && !ofFunctions.has(kind)
      ? await evidenceKinds[kind].analyze(bytes, { limits: null })
      : describeProfile(profile, type);
  }
}

function flameOf(profile: Profile, before: Profile | null, type: number): Flame {
  const { type: sampleType = '', unit = '' } = profile.sampleTypes[type] ?? {};
  const difference = before === null ? null : flameDifference(before, profile, type);
  return {
    tree: difference ?? flameTree(profile, type),
    sampleType,
    sampleTypes: profile.sampleTypes.map((each) => each.type),
    unit,
    compared: difference !== null,
  };
}

async function readDiagnosis(bytes: Uint8Array, digest: string, read: ReadEvidence): Promise<Figures> {
  const record = readDiagnosisRecord(new TextDecoder().decode(bytes));
  return { picture: null, analysis: measurementsOf(await diagnose(record, read, digest)) };
}

function readProof(bytes: Uint8Array): Figures {
  let proof: { sql?: unknown; before?: unknown; after?: unknown; rows?: unknown };
  try {
    proof = JSON.parse(new TextDecoder().decode(bytes)) as typeof proof;
  } catch {
    throw new UnreadableEvidence('not an index proof', 'line 1', 'run the diagnosis again');
  }
  const plan = (value: unknown) => readPlan(new TextEncoder().encode(JSON.stringify(value)));
  const [before, after] = [plan(proof.before), plan(proof.after)];
  return {
    picture: {
      kind: 'plans',
      plans: [
        { title: 'Without the index', plan: before },
        { title: 'With the index', plan: after },
      ],
    },
    analysis: {
      facts: [
        {
          subject: 'on a copy',
          text:
            `${String(proof.sql)}: ${before.executionMs ?? '?'} ms without the index, ${after.executionMs ?? '?'} ms with it, ` +
            `on a copy of ${String(proof.rows)} rows, median of warm executions`,
          values: {},
        },
      ],
      tables: [],
    },
  };
}

const whole = async (chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> => Buffer.concat(await Array.fromAsync(chunks));
