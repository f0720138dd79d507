// What a piece of evidence looks like: its picture, its tables, its sentences; the same on its page and in the report.
import { UnreadableEvidence, type Analysis } from '../analysis/analysis.ts';
import { evidenceKinds, isReadableKind } from '../analysis/evidence-kinds.ts';
import { diagnose } from '../analysis/diagnosis/diagnose.ts';
import { readDiagnosisRecord } from '../analysis/diagnosis/record.ts';
import { readPlan } from '../analysis/postgres/read-plan.ts';
import { parserReady } from '../analysis/postgres/statement.ts';
import { flameDifference, flameTree } from '../analysis/profile/flame.ts';
import { sampleTypeIndex, type Profile } from '../analysis/profile/profile.ts';
import { readProfile } from '../analysis/profile/read.ts';
import { readTraces } from '../analysis/trace/read.ts';
import { slowTrace } from '../analysis/trace/waterfall.ts';
import type { EvidenceStore } from '../activities/evidence/contract.ts';
import type { EvidenceRef } from '../verdict/finding.ts';
import { markup, type Markup } from './markup.ts';
import { flameGraph, type FlameGraph } from './plot/flame-graph.ts';
import { planTree } from './plot/plan-tree.ts';
import { waterfall } from './plot/waterfall.ts';

export interface Figures {
  /** Null where the kind has none. */
  picture: Markup | null;
  analysis: Analysis;
}

export interface FigureOptions {
  /** Address of the same page with another frame as root; null where frames lead nowhere. */
  linkOf: FlameGraph['linkOf'];
  /** Path of the flame graph's root. */
  at: string;
  /** An earlier profile to compare with. */
  before: EvidenceRef | null;
  /** Name of a sample type; the profile's own default without one. */
  sampleType: string | null;
}

const NO_OPTIONS: FigureOptions = { linkOf: null, at: '', before: null, sampleType: null };

/** Nothing in it is looked at whole that may be of any size. */
const LIMITS = { limits: { p99Ms: 300, errorPercent: 0.1 } };

const isProfile = (kind: string): boolean => kind.endsWith('-profile');

/** Kinds with a page of their own. The points of k6 have the plots of the report. */
export const hasFigures = (kind: string): boolean => isReadableKind(kind) || kind === 'diagnosis' || kind === 'index-proof';

/** Reads a piece of evidence. Throws UnreadableEvidence where it is damaged or has no figures. */
export async function figuresOf(ref: EvidenceRef, store: EvidenceStore, options: FigureOptions = NO_OPTIONS): Promise<Figures> {
  await parserReady;
  if (ref.kind === 'diagnosis') return diagnosisFigures(ref, store);
  const bytes = await bytesOf(store, ref.digest);
  if (ref.kind === 'index-proof') return proofFigures(bytes);
  if (!isReadableKind(ref.kind))
    throw new UnreadableEvidence(`nothing draws evidence of kind ${ref.kind}`, ref.digest, 'save the bytes and look yourself');
  const analysis = await evidenceKinds[ref.kind].analyze(bytes, LIMITS);
  if (isProfile(ref.kind))
    return {
      picture: flame(
        readProfile(bytes),
        options.before === null ? null : readProfile(await bytesOf(store, options.before.digest)),
        ref,
        options,
      ),
      analysis,
    };
  if (ref.kind === 'query-plan') return { picture: planTree(readPlan(bytes)), analysis };
  if (ref.kind === 'traces') {
    const trace = slowTrace(readTraces(bytes));
    return { picture: trace === null ? null : waterfall(trace), analysis };
  }
  return { picture: null, analysis };
}

function flame(profile: Profile, before: Profile | null, ref: EvidenceRef, { linkOf, at, sampleType }: FigureOptions): Markup {
  const type = (sampleType === null ? null : sampleTypeIndex(profile, sampleType)) ?? profile.defaultType;
  const { type: name = '', unit: raw = '' } = profile.sampleTypes[type] ?? {};
  const { unit, divisor } =
    raw === 'nanoseconds' ? { unit: 's', divisor: 1e9 } : raw === 'bytes' ? { unit: 'MB', divisor: 1e6 } : { unit: '', divisor: 1 };
  const tree = (before === null ? null : flameDifference(before, profile, type)) ?? flameTree(profile, type);
  const summary = `Flame graph of ${name} of ${ref.source}${before === null ? '' : ', compared with an earlier one: orange has grown, blue has shrunk'}; the table below has the same figures`;
  return flameGraph({ summary, tree, unit, divisor, linkOf, at });
}

async function diagnosisFigures(ref: EvidenceRef, store: EvidenceStore): Promise<Figures> {
  const record = readDiagnosisRecord(new TextDecoder().decode(await bytesOf(store, ref.digest)));
  return { picture: null, analysis: await diagnose(record, (digest) => store.get(digest), ref.digest) };
}

function proofFigures(bytes: Uint8Array): Figures {
  let proof: { sql?: unknown; before?: unknown; after?: unknown; rows?: unknown };
  try {
    proof = JSON.parse(new TextDecoder().decode(bytes)) as typeof proof;
  } catch {
    throw new UnreadableEvidence('this is no proof of an index', 'line 1', 'run the analysis again');
  }
  const plan = (value: unknown) => readPlan(new TextEncoder().encode(JSON.stringify(value)));
  const [before, after] = [plan(proof.before), plan(proof.after)];
  return {
    picture: markup`<h3>Without the index</h3>${planTree(before)}<h3>With it</h3>${planTree(after)}`,
    analysis: {
      findings: [],
      facts: [
        {
          subject: 'on a copy',
          text: `${String(proof.sql)}: ${before.executionMs ?? '?'} ms without, ${after.executionMs ?? '?'} ms with it, on a copy of ${String(proof.rows)} rows, each the median of executions that were warm`,
          values: {},
        },
      ],
      tables: [],
    },
  };
}

async function bytesOf(store: EvidenceStore, digest: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
