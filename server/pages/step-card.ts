import { count, duration } from '../../verdict/wording/index.ts';
import type { StepStatus } from '../../verdict/countdown-status.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import { hasFigures } from '../evidence/read-figures.ts';
import type { StepProgress } from '../temporal/countdowns.ts';
import { evidenceLink, findingsTable, type EvidenceName } from './findings-table.ts';
import { chip } from './words.ts';

/** One step: state and duration, facts, and findings. */
export function stepCard(
  step: StepStatus,
  progress: readonly StepProgress[] = [],
  evidenceName: EvidenceName = evidenceLink,
  release: string | null = null,
): Markup {
  const { name, type, state, round, facts, findings } = step;
  const about = [type === name ? '' : type, round > 1 ? `round ${round}` : '', took(step)].filter((part) => part !== '');
  return markup`<section class="step">
    <h3>${chip(state)} ${name} <span class="quiet">${about.join(', ')}</span></h3>
    ${state === 'running' ? progress.map(progressLine) : nothing}
    ${facts.length === 0 ? nothing : markup`<dl class="facts">${facts.map(({ subject, text }) => markup`<div><dt>${subject}</dt><dd>${text}</dd></div>`)}</dl>`}
    ${findingsTable(findings, `Findings of ${name}`, evidenceName)}
    ${release === null ? nothing : evidenceList(step, release)}
  </section>`;
}

/** Links to evidence that has a page. */
function evidenceList({ evidence }: StepStatus, release: string): Markup {
  const shown = evidence.filter(({ kind }) => hasFigures(kind));
  if (shown.length === 0) return nothing;
  return markup`<details><summary>Evidence (${shown.length})</summary><ul>${shown.map(
    ({ digest, kind, source }) =>
      markup`<li><a href="/r/${release}/evidence/${digest}">${kind.replaceAll('-', ' ')}</a> <span class="quiet">${source}</span></li>`,
  )}</ul></details>`;
}

function took({ startedAt, finishedAt }: StepStatus): string {
  return startedAt && finishedAt ? `took ${duration(Date.parse(finishedAt) - Date.parse(startedAt))}` : '';
}

export function progressLine({ activity, attempt, progress, lastFailure }: StepProgress): Markup {
  const tries = attempt > 1 ? ` (attempt ${attempt}${lastFailure ? `; before: ${lastFailure}` : ''})` : '';
  if (!progress) return markup`<p class="progress quiet">${activity} has not reported yet${tries}</p>`;
  const { text, done, total, unit } = progress;
  const bar = markup`<progress max="${total}" value="${done}" aria-label="${text}"></progress>`;
  return markup`<p class="progress"><span>${text}${tries}</span>
    ${total > 0 ? markup`${bar} <span class="number">${count(done)} of ${count(total)} ${unit}</span>` : nothing}</p>`;
}
