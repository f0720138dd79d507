// The whole countdown as one HTML file without scripts and external resources, with the same text as page and CLI.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { count, eventTime } from '../../verdict/wording/index.ts';
import { clockMs, headWord } from '../../verdict/words.ts';
import type { CheckpointStatus, CountdownStatus } from '../../verdict/countdown-status.ts';
import { columnHeads, markup, nothing, trusted, type Markup } from '../evidence/markup.ts';
import { auditTable, chainSentence } from '../pages/audit-trail.ts';
import { evidenceText } from '../pages/findings-table.ts';
import { rehearsalNotice } from '../pages/layout.ts';
import { reasonsList, sentenceCase, waiversList } from '../pages/parts.ts';
import { clockCard, decisions, furtherReasons, holdsList } from '../pages/release-page.ts';
import { stepCard } from '../pages/step-card.ts';
import { timeline } from '../pages/timeline.ts';
import { eventTimeTag, timeTag } from '../pages/time-tags.ts';
import { chip, textOf, toneOf } from '../pages/words.ts';
import type { StepFigures } from './figures.ts';
import { latencyFigure, type Plots } from './latency-plot.ts';

export interface ReportInput {
  status: CountdownStatus;
  audit: readonly AuditRecord[];
  plots: Plots;
  /** Pictures and tables, shown below their steps. */
  figures?: readonly StepFigures[];
  /** Time of writing, clock of the server. */
  nowMs: number;
}

const style = readFileSync(new URL('../pages/assets/style.css', import.meta.url), 'utf8');

/** Allows only this stylesheet and no requests, also when the file is opened from disk or a mail. */
export const REPORT_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export function renderReport({ status, audit, plots, figures = [], nowMs }: ReportInput): string {
  const { release, rehearsal } = status;
  const word = headWord(status);
  const clock = clockMs(status, nowMs);
  const recompute = markup`Recompute the findings from the evidence with <code>tminus verify ${release}</code>.`;
  return markup`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${REPORT_POLICY}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${release}: ${textOf(word)} · Tminus report</title>
    <style>${trusted(style)}</style>
  </head>
  <body class="report">
    ${rehearsal ? rehearsalNotice('Times below are virtual, not real.') : nothing}
    <main id="main">
      <h1>${release}</h1>
      <section class="verdict ${toneOf(word)}" aria-label="Verdict">
        <p class="big">${chip(word)} <span>${sentenceCase(status.message)}</span></p>
        ${furtherReasons(status)}
        ${holdsList(status)}
      </section>
      ${clockCard(status, clock)}
      <div class="card">${timeline(status, clock)}</div>
      ${status.checkpoints.map((checkpoint) => checkpointSection(checkpoint, plots, figures))}
      ${evidenceSection(status)}
      ${auditSection(status, audit)}
    </main>
    <footer class="quiet">Written by Tminus on ${eventTime(nowMs)}. ${recompute}</footer>
  </body>
</html>`.toString();
}

function checkpointSection(checkpoint: CheckpointStatus, { plots, missing }: Plots, figures: readonly StepFigures[]): Markup {
  const { name, offset, at, state, steps, approvals, approval, waivers } = checkpoint;
  return markup`<section class="card" aria-labelledby="at-${name}">
    <h2 id="at-${name}"><span class="offset">${offset}</span> ${name} ${chip(state)}</h2>
    <p>${timeTag(at)}</p>
    ${checkpoint.evaluation ? reasonsList(checkpoint.evaluation.reasons, 'No reasons against it.') : nothing}
    ${steps.map(
      (step) => markup`${stepCard(step, [], evidenceText)}
        ${missing
          .filter((each) => each.checkpoint === name && each.step === step.name)
          .map(({ message, digest }) => markup`<p>No plot: the points ${evidenceText(digest)} could not be read (${message}).</p>`)}
        ${plots.filter((each) => each.checkpoint === name && each.step === step.name).map(latencyFigure)}
        ${figures.filter((each) => each.checkpoint === name && each.step === step.name).map(({ content }) => content)}`,
    )}
    ${approval || approvals.length > 0 ? markup`<h3>Decisions</h3>${decisions(checkpoint)}` : nothing}
    ${waivers.length === 0 ? nothing : markup`<h3>Waivers</h3>${waiversList(waivers)}`}
  </section>`;
}

function evidenceSection({ checkpoints }: CountdownStatus): Markup {
  const all = checkpoints.flatMap(({ name, steps }) =>
    steps.flatMap((step) => step.evidence.map((ref) => ({ ...ref, where: `${name} / ${step.name}` }))),
  );
  return markup`<section class="card" aria-labelledby="evidence-title"><h2 id="evidence-title">Evidence</h2>
    ${
      all.length === 0
        ? markup`<p class="quiet">No evidence was captured.</p>`
        : markup`<div class="scroll" tabindex="0" role="group" aria-label="Evidence"><table>
      ${columnHeads('What', 'From', 'Step', 'Captured', 'Bytes', 'Digest')}
      <tbody>${all.map(evidenceRow)}</tbody>
    </table></div>`
    }
  </section>`;
}

function evidenceRow({ kind, source, where, capturedAt, sizeBytes, digest }: EvidenceRef & { where: string }): Markup {
  const origin = [source, where, eventTimeTag(capturedAt)].map((cell) => markup`<td>${cell}</td>`);
  const bytes = markup`<td class="number">${count(sizeBytes)}</td><td><code class="digest">${digest}</code></td>`;
  return markup`<tr><th scope="row">${kind}</th>${origin}${bytes}</tr>`;
}

function auditSection({ auditHead }: CountdownStatus, audit: readonly AuditRecord[]): Markup {
  return markup`<section class="card" aria-labelledby="audit-title"><h2 id="audit-title">Audit</h2>
    ${chainSentence(audit, auditHead)}
    ${auditTable(audit)}
  </section>`;
}
