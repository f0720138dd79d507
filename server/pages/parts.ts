// Small pieces that several pages and the report show alike.
import type { Reason } from '../../verdict/verdict.ts';
import type { CheckpointStatus } from '../../workflows/messages.ts';
import { markup, type Markup } from '../evidence/markup.ts';
import type { Draft } from '../identity/sessions.ts';
import { timeTag } from './time-tags.ts';
import { chip } from './words.ts';

/** With a capital, unless it begins with a measure's name: `p99` is never written `P99`. */
export function sentenceCase(text: string): string {
  return /^[a-z]\d/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The same act as a command, to copy into a terminal or a chat. */
export function cliLine(command: string): Markup {
  return markup`<p class="cli"><code>${command}</code></p>`;
}

/** Why the verdict is what it is, worst first. */
export function reasonsList(reasons: readonly Reason[], whenNone: string): Markup {
  if (reasons.length === 0) return markup`<p class="quiet">${whenNone}</p>`;
  return markup`<ul class="reasons">${reasons.map(({ effect, message }) => markup`<li>${chip(effect)} <span>${message}</span></li>`)}</ul>`;
}

export interface CommentBox {
  id: string;
  rows: number;
  required: boolean;
  /** What its reader typed into this very form before it was refused; the live script leaves a box alone that holds some. */
  draft: Draft | undefined;
}

/** Where a person writes why. */
export function commentBox({ id, rows, required, draft }: CommentBox): Markup {
  const marks = markup`${required ? 'required' : ''} ${draft ? 'data-draft' : ''}`;
  return markup`<textarea id="${id}" name="comment" rows="${rows}" ${marks}>${draft?.comment ?? ''}</textarea>`;
}

/** What was waived, by whom and until when. */
export function waiversList(waivers: CheckpointStatus['waivers']): Markup {
  return markup`<ul class="reasons">${waivers.map(
    ({ finding, reason, by, expiresAt }) =>
      markup`<li>${chip('waived')} <span>${finding} by ${by.displayName}: <q>${reason}</q>, until ${timeTag(expiresAt)}</span></li>`,
  )}</ul>`;
}
