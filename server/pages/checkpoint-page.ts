import { randomUUID } from 'node:crypto';
import { explainCan } from '../../verdict/can.ts';
import { findingKey } from '../../verdict/judge.ts';
import { relativeTime } from '../../verdict/wording/index.ts';
import { clockMs } from '../../verdict/words.ts';
import { explainUnwaivable } from '../../verdict/waivable.ts';
import type { CheckpointStatus, CountdownStatus } from '../../verdict/countdown-status.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Draft, Session } from '../identity/sessions.ts';
import { hiddenFields } from './action-bar.ts';
import { shortDigest } from './findings-table.ts';
import { page } from './layout.ts';
import { cliLine, commentBox, reasonsList, sentenceCase, waiversList } from './parts.ts';
import { decisions, tally, type ReleaseView } from './release-page.ts';
import { stepCard } from './step-card.ts';
import { timeTag } from './time-tags.ts';
import { chip, toneOf } from './words.ts';

export interface CheckpointView extends ReleaseView {
  checkpoint: CheckpointStatus;
}

/** The decision of a checkpoint: reasons against and for, approvers and deadline, findings; then the forms. */
export function checkpointPage(view: CheckpointView): Markup {
  const { status, checkpoint, visitor, nowMs, notice, progress } = view;
  const { release, rehearsal } = status;
  const { name, offset, at, state, steps } = checkpoint;
  const clock = clockMs(status, nowMs);
  const earlier = status.checkpoints.slice(0, status.checkpoints.indexOf(checkpoint));
  return page(
    { title: `${offset} ${name} of ${release}`, visitor, rehearsal, notice, streamPath: `/api/v1/countdowns/${release}/stream` },
    markup`<p class="crumbs"><a href="/">Releases</a> / <a href="/r/${release}">${release}</a></p>
      <h1>${offset} ${name}</h1>
      <div id="case" data-live>
        <section class="verdict ${toneOf(state)}" aria-label="State of this checkpoint">
          <p class="big">${chip(state)} <span data-announce>${sentenceCase(whatIsDecided(status, checkpoint))}</span></p>
          <p>${timeTag(at)} <span class="quiet">${relativeTime(at, clock)}</span></p>
        </section>
        <div class="columns">
          <section class="card"><h2>Against</h2>${reasonsList(checkpoint.evaluation?.reasons ?? [], 'No reasons against it.')}</section>
          <section class="card"><h2>For</h2>${speaksFor(checkpoint, earlier, release)}</section>
          <section class="card"><h2>Who decides</h2>${whoDecides(checkpoint, clock)}</section>
        </div>
        <section class="card"><h2>Findings</h2>
          ${steps.length === 0 ? noSteps : nothing}
          ${steps.map((step) =>
            stepCard(
              step,
              progress.filter((each) => each.checkpoint === name && each.step === step.name),
              undefined,
              release,
            ),
          )}
          ${earlier.map((each) => foundBefore(each, release))}
        </section>
      </div>
      <div id="forms" data-live data-revision="${checkpoint.revision}">${forms(view, clock)}</div>`,
  );
}

const noSteps = markup`<p class="quiet">This checkpoint has no steps; the decision is based on the findings of earlier checkpoints.</p>`;

function whatIsDecided({ service, release }: CountdownStatus, { state, name, evaluation }: CheckpointStatus): string {
  const reasons = evaluation?.reasons.filter(({ effect }) => effect === evaluation.verdict).map(({ message }) => message) ?? [];
  switch (state) {
    case 'go':
      return `${name} of ${release} has passed`;
    case 'later':
      return 'not started';
    case 'running':
      return 'the steps are running';
    case 'waiting':
      return `decide whether the launch of ${service.namespace}/${service.name} with ${service.image} continues`;
    case 'hold':
    case 'no-go':
      return reasons.join('; ') || `${name} is ${state}`;
  }
}

/** Passed findings here and earlier checkpoints that are go: an approval covers all of them. */
function speaksFor({ steps }: CheckpointStatus, earlier: readonly CheckpointStatus[], release: string): Markup {
  const passed = steps.flatMap(({ findings }) => findings.filter(({ outcome }) => outcome === 'pass'));
  const before = earlier.filter(({ state }) => state === 'go');
  if (passed.length + before.length === 0) return markup`<p class="quiet">No findings yet.</p>`;
  return markup`<ul class="reasons">
    ${passed.map(({ message }) => markup`<li>${chip('pass')} <span>${message}</span></li>`)}
    ${before.map((each) => {
      const link = markup`<a href="/r/${release}/checkpoints/${each.name}">${each.offset} ${each.name}</a>`;
      return markup`<li>${chip('go')} <span>${link} ${tally(each)}</span></li>`;
    })}
  </ul>`;
}

function foundBefore(checkpoint: CheckpointStatus, release: string): Markup {
  const { name, offset, steps } = checkpoint;
  if (steps.length === 0) return nothing;
  const summary = markup`<summary>${offset} ${name}: <span class="quiet">${tally(checkpoint)}</span></summary>`;
  const cards = steps.map((step) => stepCard(step, [], undefined, release));
  return markup`<details class="before" id="before-${name}">${summary}${cards}</details>`;
}

function whoDecides(checkpoint: CheckpointStatus, clock: number): Markup {
  const { approval, revision, evidenceDigest, waivers } = checkpoint;
  const rule = approval
    ? markup`<p>${approval.count} of ${approval.groups.join(' or ')}${approval.allowRequester ? '' : ', not the requester'}.</p>
        <p>${
          approval.deadlineAt
            ? markup`Until ${timeTag(approval.deadlineAt)} <span class="quiet">${relativeTime(approval.deadlineAt, clock)}</span>; then`
            : 'Without a decision:'
        } ${chip(approval.onDeadline)}</p>`
    : markup`<p class="quiet">No approval is required; the findings decide.</p>`;
  return markup`${rule}
    ${decisions(checkpoint)}
    ${waivers.length === 0 ? nothing : markup`<h3>Waived</h3>${waiversList(waivers)}`}
    <p class="quiet">Revision ${revision}${
      evidenceDigest ? markup`, evidence <code title="${evidenceDigest}">${shortDigest(evidenceDigest)}</code>` : nothing
    }</p>`;
}

function forms({ status, checkpoint, visitor: { session }, draft }: CheckpointView, clock: number): Markup {
  if (checkpoint.name !== status.current)
    return markup`<p class="quiet">The current checkpoint is ${status.current}; this one is read-only.</p>`;
  if (!session) return markup`<section class="card"><h2>Decide</h2>${cliLine(`tminus approve ${status.release} -m "…"`)}</section>`;
  return markup`${decisionForm(status, checkpoint, session, draft)}${waiveForms(status, checkpoint, session, clock, draft)}`;
}

function decisionForm(status: CountdownStatus, checkpoint: CheckpointStatus, session: Session, draft: Draft | undefined): Markup {
  const { release } = status;
  const noApprove = checkpoint.approval ? explainCan('approve', status.phase) : 'no approval is required at this checkpoint';
  const noReject = explainCan('reject', status.phase);
  const possible = noApprove === null || noReject === null;
  return markup`<section class="card" aria-labelledby="decide-title"><h2 id="decide-title">Decide</h2>
    <form method="post" action="/r/${release}/actions" class="stack">
      ${hiddenFields(status, session, null)}
      ${possible ? commentField(checkpoint, draft?.action === 'waive' ? undefined : draft) : nothing}
      <p class="buttons">
        <button class="primary" name="action" value="approve" ${disabled(noApprove, 'why-approve')}>✔ Approve (go)</button>
        <button class="danger" name="action" value="reject" ${disabled(noReject, 'why-reject')}>✖ Reject (no-go)</button>
      </p>
      ${noApprove === null ? nothing : markup`<p id="why-approve" class="quiet">Approve is not possible now: ${noApprove}.</p>`}
      ${noReject === null ? nothing : markup`<p id="why-reject" class="quiet">Reject is not possible now: ${noReject}.</p>`}
      ${noApprove !== null ? nothing : cliLine(`tminus approve ${release} --checkpoint ${checkpoint.name} -m "…"`)}
    </form>
  </section>`;
}

/** @param id of the paragraph with the reason */
const disabled = (reason: string | null, id: string): Markup => (reason === null ? nothing : markup`disabled aria-describedby="${id}"`);

function commentField({ revision }: CheckpointStatus, draft: Draft | undefined): Markup {
  return markup`<p>Your decision is for revision ${revision}. If the evidence changes before you send it, it is refused.</p>
    <label for="comment">Comment <span class="quiet">(required for no-go)</span></label>
    ${commentBox({ id: 'comment', rows: 3, required: false, draft })}`;
}

// From a short launch to a whole countdown; a longer waiver means that the limit is wrong.
const waiverHours = [1, 4, 24, 72];

/** One form per finding that prevents go. A waiver has a reason and an expiry. */
function waiveForms(
  status: CountdownStatus,
  checkpoint: CheckpointStatus,
  session: Session,
  clock: number,
  draft: Draft | undefined,
): Markup {
  const open =
    checkpoint.evaluation?.reasons.filter(({ effect, subject }) => (effect === 'no-go' || effect === 'hold') && subject !== 'approval') ??
    [];
  if (open.length === 0) return nothing;
  const why = explainCan('waive', status.phase);
  const expiry = (hours: number) => new Date(clock + hours * 3_600_000).toISOString();
  return markup`<section class="card" aria-labelledby="waive-title"><h2 id="waive-title">Waive</h2>
    <p>A waiver accepts a finding until it expires. Your name and reason are announced and part of the report.</p>
    ${why === null ? nothing : markup`<p class="quiet">Not now: ${why}.</p>`}
    ${open.map((reason) => {
      const key = findingKey(reason);
      const id = randomUUID();
      const own = draft?.finding === key ? draft : undefined;
      const unwaivable = explainUnwaivable(checkpoint.steps, key);
      if (unwaivable !== null) return markup`<p class="quiet">${unwaivable}.</p>`;
      return markup`<details class="act" ${own ? 'open' : ''}><summary>Waive ${key}</summary>
        <form method="post" action="/r/${status.release}/actions" class="stack">
          ${hiddenFields(status, session, 'waive')}
          <input type="hidden" name="finding" value="${key}" />
          <p>${reason.message}</p>
          <label for="reason-${id}">Reason</label>
          ${commentBox({ id: `reason-${id}`, rows: 2, required: true, draft: own })}
          <label for="until-${id}">Until</label>
          <select id="until-${id}" name="expiresAt">${waiverHours.map((hours) => markup`<option value="${expiry(hours)}">${hours} h</option>`)}</select>
          <button class="primary" ${why === null ? '' : 'disabled'}>Waive</button>
          ${cliLine(`tminus waive ${status.release} --finding "${key}" -m "…" --expires 24h`)}
        </form></details>`;
    })}
  </section>`;
}
