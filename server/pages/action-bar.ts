import type { Action } from '../../verdict/action.ts';
import { randomUUID } from 'node:crypto';
import { explainCan } from '../../verdict/can.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Draft, Session } from '../identity/sessions.ts';
import { cliLine, commentBox } from './parts.ts';

interface ActionForm {
  action: Action;
  label: string;
  /** Effect of the action, shown above its button. */
  effect: string;
  command: string;
  danger?: boolean;
  fields?: Markup;
  reason: 'required' | 'optional';
}

/** Hold, resume, recycle, retry and abort: each with its effect, or the reason why it is not possible now. A refused form stays open. */
export function actionBar(status: CountdownStatus, session: Session | null, draft: Draft | undefined): Markup {
  const { release } = status;
  const checkpoint = status.checkpoints.find(({ name }) => name === status.current);
  const passed = status.checkpoints.slice(0, status.checkpoints.findIndex(({ name }) => name === status.current) + 1);
  const forms: ActionForm[] = [
    {
      action: 'hold',
      label: 'Hold',
      effect: 'Stop the clock. Anyone may hold.',
      command: `tminus hold ${release} -m "…"`,
      reason: 'required',
    },
    {
      action: 'resume',
      label: 'Resume',
      effect:
        status.holds.length > 1 ? `Lift all ${status.holds.length} holds shown above and start the clock again.` : 'Start the clock again.',
      command: `tminus resume ${release} -m "…"`,
      reason: 'optional',
      fields: launchAtField,
    },
    {
      action: 'retry',
      label: 'Retry a step',
      effect: 'Run a step of this checkpoint again. Approvals given so far become void.',
      command: `tminus retry ${release} --step …`,
      reason: 'optional',
      fields: choice(
        'step',
        'Step',
        (checkpoint?.steps ?? []).map(({ name }) => ({ value: name, text: name })),
      ),
    },
    {
      action: 'recycle',
      label: 'Recycle',
      effect: 'Go back to an earlier checkpoint and continue from there.',
      command: `tminus recycle ${release} --to … -m "…"`,
      reason: 'required',
      fields: choice(
        'to',
        'Back to',
        passed.map(({ name, offset }) => ({ value: name, text: `${offset} ${name}` })),
      ),
    },
    {
      action: 'abort',
      label: 'Abort',
      effect: 'End the countdown. A launched version is rolled back.',
      command: `tminus abort ${release} -m "…"`,
      reason: 'required',
      danger: true,
    },
  ];
  return markup`<section class="actions" aria-labelledby="actions-title">
    <h2 id="actions-title">Actions</h2>
    ${session ? nothing : markup`<p class="quiet">Sign in to use these forms, or use the commands.</p>`}
    <div class="columns">${forms.map((form) => actForm(form, status, session, draft?.action === form.action ? draft : undefined))}</div>
  </section>`;
}

// Default as in `tminus resume`: the countdown decides, because only it has the missed checkpoints.
const launchAtField = choice('launchAt', 'Launch time', [
  { value: '', text: 'keep the launch time, or move it if a checkpoint was missed' },
  { value: 'keep', text: 'keep it' },
  { value: 'shift', text: 'move it by the hold' },
]);

function choice(name: string, label: string, options: readonly { value: string; text: string }[]): Markup {
  return markup`<label>${label} <select name="${name}">${options.map(({ value, text }) => markup`<option value="${value}">${text}</option>`)}</select></label>`;
}

/** A disabled button keeps its place, with the reason beside it. */
function actForm(
  { action, label, effect, command, danger, fields, reason }: ActionForm,
  status: CountdownStatus,
  session: Session | null,
  draft: Draft | undefined,
): Markup {
  const refusal = explainCan(action, status.phase);
  if (refusal !== null || !session) {
    return markup`<div class="act off"><button disabled aria-describedby="why-${action}">${label}</button>
      <p id="why-${action}" class="quiet">${refusal === null ? effect : `Not now: ${refusal}.`}</p></div>`;
  }
  const commentId = `comment-${action}`;
  return markup`<details class="act" ${draft ? 'open' : ''}><summary class="${danger ? 'danger' : ''}">${label}</summary>
    <form method="post" action="/r/${status.release}/actions" class="stack">
      ${hiddenFields(status, session, action)}
      <p>${effect}</p>
      ${fields ?? nothing}
      <label for="${commentId}">Reason${reason === 'optional' ? ' (optional)' : ''}</label>
      ${commentBox({ id: commentId, rows: 2, required: reason === 'required', draft })}
      <button class="${danger ? 'danger' : 'primary'}">${label}</button>
      ${cliLine(command)}
    </form>
  </details>`;
}

/** Binds a form to the state that the person saw; the id makes a double click idempotent. */
export function hiddenFields(status: CountdownStatus, session: Session, action: Action | null): Markup {
  const checkpoint = status.checkpoints.find(({ name }) => name === status.current);
  return markup`<input type="hidden" name="csrf" value="${session.csrf}" />
    <input type="hidden" name="id" value="${randomUUID()}" />
    ${action === null ? nothing : markup`<input type="hidden" name="action" value="${action}" />`}
    <input type="hidden" name="checkpoint" value="${checkpoint?.name ?? ''}" />
    <input type="hidden" name="revision" value="${checkpoint?.revision ?? 0}" />
    <input type="hidden" name="run" value="${status.run}" />
    <input type="hidden" name="evidenceDigest" value="${checkpoint?.evidenceDigest ?? ''}" />
    ${status.holdSince === undefined ? nothing : markup`<input type="hidden" name="holdSince" value="${status.holdSince}" />`}`;
}
