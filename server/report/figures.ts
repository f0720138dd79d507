// Pictures for the report: what the diagnosis of a checkpoint was made from, one of each kind, and its tables.
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import type { EvidenceKind, EvidenceRef } from '../../verdict/finding.ts';
import type { CheckpointStatus, CountdownStatus } from '../../workflows/messages.ts';
import { figuresOf } from '../evidence-figures.ts';
import { markup, nothing, type Markup } from '../markup.ts';
import { dataTable } from '../plot/table.ts';

/** What belongs below one step. */
export interface StepFigures {
  checkpoint: string;
  step: string;
  content: Markup;
}

/** In this order; the first of each kind. A report is one file, so not every pod is drawn. */
const DRAWN: readonly (readonly [kind: EvidenceKind, title: string])[] = [
  ['cpu-profile', 'Flame graph'],
  ['query-plan', 'Plan'],
  ['traces', 'A slow trace'],
];

/** Reads them for every analysis step. What cannot be read is said in its place. */
export async function readFigures({ checkpoints }: Pick<CountdownStatus, 'checkpoints'>, store: EvidenceStore): Promise<StepFigures[]> {
  const found: StepFigures[] = [];
  for (const checkpoint of checkpoints)
    for (const step of checkpoint.steps)
      if (step.type === 'analysis' && step.evidence.length > 0)
        found.push({ checkpoint: checkpoint.name, step: step.name, content: await drawn(checkpoint, step.evidence, store) });
  return found;
}

async function drawn({ steps }: CheckpointStatus, own: readonly EvidenceRef[], store: EvidenceStore): Promise<Markup> {
  const all = [...own, ...steps.filter(({ type }) => type === 'loadTest').flatMap(({ evidence }) => evidence)];
  const record = own.find(({ kind }) => kind === 'diagnosis');
  const tables = record === undefined ? null : await figuresOf(record, store).catch(sentence);
  const pictures = await Promise.all(
    DRAWN.map(async ([kind, title]) => {
      const ref = all.find((each) => each.kind === kind);
      if (ref === undefined) return nothing;
      const figures = await figuresOf(ref, store).catch(sentence);
      if (typeof figures === 'string') return markup`<p>No picture of the ${kind.replaceAll('-', ' ')} of ${ref.source}: ${figures}.</p>`;
      return figures.picture === null
        ? nothing
        : markup`<h3>${title} <span class="quiet">${ref.source}</span></h3>${figures.picture}${figures.analysis.tables.slice(0, 1).map((table) => dataTable(table))}`;
    }),
  );
  return markup`${tables === null ? nothing : typeof tables === 'string' ? markup`<p>No table: ${tables}.</p>` : tables.analysis.tables.map((table) => dataTable(table))}${pictures}`;
}

function sentence(error: unknown): string {
  if (error instanceof UnreadableEvidence || (error instanceof Error && error.name.startsWith('Evidence'))) return error.message;
  if (error instanceof Error && /no evidence is stored|no evidence/u.test(error.message)) return error.message;
  throw error;
}
