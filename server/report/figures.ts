// Pictures and tables of the report from the evidence of each diagnosis, one of each kind.
import type { EvidenceKind, EvidenceRef } from '../../verdict/finding.ts';
import type { CheckpointStatus, CountdownStatus, StepStatus } from '../../verdict/countdown-status.ts';
import { draw } from '../evidence/draw.ts';
import type { FiguresReader } from '../evidence/figures-apart.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import { dataTable } from '../evidence/table.ts';

/** Content below one step. */
export interface StepFigures {
  checkpoint: string;
  step: string;
  content: Markup;
}

/** In this order, the first of each kind: the report is one file, so not every pod is drawn. */
const DRAWN: readonly (readonly [kind: EvidenceKind, title: string])[] = [
  ['cpu-profile', 'Flame graph'],
  ['query-plan', 'Plan'],
  ['traces', 'Slow trace'],
];

/** Reads the figures of every diagnosis step. Unreadable evidence gets a message in its place. */
export async function readStepFigures(
  { checkpoints }: Pick<CountdownStatus, 'checkpoints'>,
  figures: FiguresReader['figures'],
): Promise<StepFigures[]> {
  const found: StepFigures[] = [];
  for (const checkpoint of checkpoints)
    for (const step of checkpoint.steps)
      if (step.type === 'diagnosis' && step.evidence.length > 0)
        found.push({ checkpoint: checkpoint.name, step: step.name, content: await drawn(checkpoint, step, figures) });
  return found;
}

async function drawn({ steps }: CheckpointStatus, diagnosis: StepStatus, figures: FiguresReader['figures']): Promise<Markup> {
  const own = diagnosis.evidence;
  const record = own.find(({ kind }) => kind === 'diagnosis');
  const read = ({ kind, digest }: EvidenceRef) => figures({ kind, digest, before: null, sampleType: null, diagnosis: record?.digest });
  // The load test that the diagnosis explains first: the findings reference its evidence.
  const named = new Set(diagnosis.findings.flatMap(({ evidence }) => evidence));
  const isNamed = ({ digest }: EvidenceRef): boolean => named.has(digest);
  const loads = steps.filter(({ type }) => type === 'loadTest').map(({ evidence }) => evidence);
  const explainedFirst = [...loads.filter((refs) => refs.some(isNamed)), ...loads.filter((refs) => !refs.some(isNamed))].flat();
  const all = [...own.filter(isNamed), ...own, ...explainedFirst];
  const tables = record === undefined ? null : await read(record);
  const pictures = await Promise.all(
    DRAWN.map(async ([kind, title]) => {
      const ref = all.find((each) => each.kind === kind);
      if (ref === undefined) return nothing;
      const found = await read(ref);
      if ('unreadable' in found)
        return markup`<p>No picture of the ${kind.replaceAll('-', ' ')} of ${ref.source}: ${found.unreadable}.</p>`;
      const { picture, analysis: figured } = found.read;
      if (picture === null) return nothing;
      const drawn = draw(picture, { source: ref.source, linkOf: null, at: '' });
      const table = figured.tables.slice(0, 1).map((each) => dataTable(each));
      return markup`<h3>${title} <span class="quiet">${ref.source}</span></h3>${drawn}${table}`;
    }),
  );
  if (tables === null) return markup`${pictures}`;
  if ('unreadable' in tables) return markup`<p>No table: ${tables.unreadable}.</p>${pictures}`;
  return markup`${tables.read.analysis.tables.map((table) => dataTable(table))}${pictures}`;
}
