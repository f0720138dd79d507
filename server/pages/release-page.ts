import { clock as clockText, duration, relativeTime } from '../../verdict/wording/index.ts';
import { clockMs, guardUnderHold, headWord } from '../../verdict/words.ts';
import type { CheckpointStatus, CountdownStatus } from '../../verdict/countdown-status.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Draft } from '../identity/sessions.ts';
import type { Visitor } from '../request/context.ts';
import type { StepProgress } from '../temporal/countdowns.ts';
import { actionBar } from './action-bar.ts';
import { page, type PageFrame } from './layout.ts';
import { cliLine, reasonsList, sentenceCase } from './parts.ts';
import { progressLine, stepCard } from './step-card.ts';
import { timeline } from './timeline.ts';
import { eventTimeTag, timeTag } from './time-tags.ts';
import { chip, textOf, toneOf } from './words.ts';

export interface ReleaseView {
  status: CountdownStatus;
  progress: readonly StepProgress[];
  visitor: Visitor;
  /** Clock of the server. */
  nowMs: number;
  notice?: PageFrame['notice'];
  /** Input of a refused action, to be filled in again. */
  draft?: Draft | undefined;
}

/** Verdict, clock, timeline, checkpoints with their findings, and actions. */
export function releasePage({ status, progress, visitor, nowMs, notice, draft }: ReleaseView): Markup {
  const { release, rehearsal } = status;
  const clock = clockMs(status, nowMs);
  return page(
    { title: `${release}: ${textOf(headWord(status))}`, visitor, rehearsal, notice, streamPath: `/api/v1/countdowns/${release}/stream` },
    markup`<p class="crumbs"><a href="/">Releases</a></p>
      <h1>${release}</h1>
      ${verdictBanner(status, progress)}
      <div id="clock" data-live>${clockCard(status, clock)}</div>
      <div id="timeline" data-live class="card">${timeline(status, clock)}</div>
      <div id="checkpoints" data-live>
        <h2>Checkpoints</h2>
        ${status.checkpoints.map((checkpoint) => checkpointCard(checkpoint, status, progress, clock))}
      </div>
      <div id="actions" data-live>${actionBar(status, visitor.session, draft)}</div>
      <p><a href="/r/${release}/report">Report (one file)</a> · <a href="/r/${release}/events">Events</a></p>`,
  );
}

function verdictBanner(status: CountdownStatus, progress: readonly StepProgress[]): Markup {
  const word = headWord(status);
  return markup`<section id="verdict" data-live class="verdict ${toneOf(word)}" aria-label="Verdict">
    <p class="big">${chip(word)} <span data-announce>${sentenceCase(status.message)}</span></p>
    ${furtherReasons(status)}
    ${holdsList(status)}
    ${status.phase === 'undoing' ? progress.map(progressLine) : nothing}
    ${status.conditions
      .filter(({ type, status: holds }) => type === 'NotificationsDelivered' && holds === 'False')
      .map(({ message }) => markup`<p><strong>Notifications:</strong> ${message}.</p>`)}
    ${nextStep(status)}
  </section>`;
}

/** Reasons that are not part of the status message. */
export function furtherReasons({ reasons, message }: CountdownStatus): Markup {
  const unsaid = reasons.filter((reason) => !message.includes(reason.message));
  return unsaid.length === 0 ? nothing : reasonsList(unsaid, '');
}

/** Active holds, and whether the guard runs during the hold. */
export function holdsList(status: CountdownStatus): Markup {
  const { holds } = status;
  const watched = guardUnderHold(status);
  return markup`${
    holds.length === 0
      ? nothing
      : markup`<ul class="reasons holds">${holds.map(
          ({ since, by, reason }) =>
            markup`<li>${chip('hold')} <span>Held by <strong>${by}</strong> since ${eventTimeTag(since)}: <q>${reason}</q></span></li>`,
        )}</ul>`
  }${watched === null ? nothing : markup`<p>${sentenceCase(watched)}.</p>`}`;
}

/** Next action, as a command and a link. */
function nextStep({ phase, release, current }: CountdownStatus): Markup {
  if (phase === 'waiting')
    return markup`<p><a class="button" href="/r/${release}/checkpoints/${current}">Review and decide</a></p>${cliLine(`tminus approve ${release} -m "…"`)}`;
  if (phase === 'stopped' || phase === 'holding')
    return markup`<p><a class="button" href="/r/${release}/checkpoints/${current}">Show reasons</a></p>${cliLine(`tminus explain ${release}`)}`;
  return nothing;
}

export function clockCard(status: CountdownStatus, clock: number): Markup {
  const { launchAt, rehearsal, ending, holds, heldMs, service, requestedBy, endedAt } = status;
  const ticks = !rehearsal && !ending;
  return markup`<section class="card clock" aria-label="Clock and service">
    <p class="ticker" ${ticks ? markup`data-launch="${launchAt}"` : nothing}>${clockText(launchAt, clock)}</p>
    <dl class="facts wide">
      <div><dt>Launch</dt><dd>${timeTag(launchAt)} ${ending ? nothing : markup`<span class="quiet">${relativeTime(launchAt, clock)}</span>`}</dd></div>
      ${endedAt ? markup`<div><dt>Ended</dt><dd>${eventTimeTag(endedAt)}</dd></div>` : nothing}
      ${holds[0] ? markup`<div><dt>Held since</dt><dd>${eventTimeTag(holds[0].since)}</dd></div>` : nothing}
      ${heldMs > 0 ? markup`<div><dt>Total hold</dt><dd>${duration(heldMs)}</dd></div>` : nothing}
      <div><dt>Service</dt><dd>${service.namespace}/${service.name} on ${service.cluster}</dd></div>
      <div><dt>Candidate</dt><dd><code>${service.image}</code></dd></div>
      <div><dt>Requested by</dt><dd>${requestedBy.displayName}</dd></div>
    </dl>
  </section>`;
}

/** Finished and later checkpoints are folded; the current one is open. */
function checkpointCard(
  checkpoint: CheckpointStatus,
  { release, current, ending }: CountdownStatus,
  progress: readonly StepProgress[],
  clock: number,
): Markup {
  const { name, offset, at, state, steps, approvals, approval } = checkpoint;
  const open = name === current || (ending !== undefined && state === 'no-go');
  return markup`<details class="card checkpoint" id="checkpoint-${name}" ${open ? 'open' : ''}>
    <summary><span class="offset">${offset}</span> <span class="name">${name}</span> ${chip(state)} <span class="quiet">${tally(checkpoint)}</span></summary>
    <p>${timeTag(at)} <span class="quiet">${relativeTime(at, clock)}</span> · <a href="/r/${release}/checkpoints/${name}">Open ${name}</a></p>
    ${steps.map((step) =>
      stepCard(
        step,
        progress.filter((each) => each.checkpoint === name && each.step === step.name),
        undefined,
        release,
      ),
    )}
    ${approval || approvals.length > 0 ? markup`<h3>Decisions</h3>${decisions(checkpoint)}` : nothing}
  </details>`;
}

export function decisions({ approvals, approval }: CheckpointStatus): Markup {
  const asked =
    approval && approvals.length === 0
      ? markup`<p class="quiet">No decisions yet; ${approval.count} of ${approval.groups.join(' or ')} required.</p>`
      : nothing;
  return markup`${asked}
    <ul class="decisions">${approvals.map(({ decision, principal, comment, at, revision, verified }) => {
      const who = markup`<strong>${principal.displayName}</strong>${verified ? '' : ' (unverified)'}`;
      const quote = comment ? markup`<q>${comment}</q>` : nothing;
      return markup`<li>${chip(decision)} ${who} ${quote} <span class="quiet">${eventTimeTag(at)}, revision ${revision}</span></li>`;
    })}</ul>`;
}

export function tally({ steps, waivers, approvals, approval }: CheckpointStatus): string {
  const findings = steps.flatMap((step) => step.findings);
  const passed = findings.filter(({ outcome }) => outcome === 'pass').length;
  const approved = approvals.filter(({ decision }) => decision === 'approve').length;
  return [
    findings.length > 0 ? `${passed} of ${findings.length} findings pass` : '',
    waivers.length > 0 ? `${waivers.length} waived` : '',
    approval ? `${approved} of ${approval.count} approvals` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
