// Small parts shared by pages and report.
import type { Reason } from '../../verdict/verdict.ts';
import type { CheckpointStatus } from '../../verdict/countdown-status.ts';
import { markup, type Markup } from '../evidence/markup.ts';
import type { Draft } from '../identity/sessions.ts';
import { timeTag } from './time-tags.ts';
import { chip } from './words.ts';

/** Capitalised, except before a digit: `p99` stays lower case. */
export function sentenceCase(text: string): string {
  return /^[a-z]\d/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The same action as a command. */
export function cliLine(command: string): Markup {
  return markup`<p class="cli"><code>${command}</code></p>`;
}

/** Reasons of a verdict, worst first. */
export function reasonsList(reasons: readonly Reason[], whenNone: string): Markup {
  if (reasons.length === 0) return markup`<p class="quiet">${whenNone}</p>`;
  return markup`<ul class="reasons">${reasons.map(({ effect, message }) => markup`<li>${chip(effect)} <span>${message}</span></li>`)}</ul>`;
}

export interface CommentBox {
  id: string;
  rows: number;
  required: boolean;
  /** Input of the refused form; the live script does not overwrite it. */
  draft: Draft | undefined;
}

/** Text area for the comment of an action. */
export function commentBox({ id, rows, required, draft }: CommentBox): Markup {
  const marks = markup`${required ? 'required' : ''} ${draft ? 'data-draft' : ''}`;
  return markup`<textarea id="${id}" name="comment" rows="${rows}" ${marks}>${draft?.comment ?? ''}</textarea>`;
}

/** Waivers with author and expiry. */
export function waiversList(waivers: CheckpointStatus['waivers']): Markup {
  return markup`<ul class="reasons">${waivers.map(
    ({ finding, reason, by, expiresAt }) =>
      markup`<li>${chip('waived')} <span>${finding} by ${by.displayName}: <q>${reason}</q>, until ${timeTag(expiresAt)}</span></li>`,
  )}</ul>`;
}
