import type { CheckpointStatus } from '../../workflows/messages.ts';
import { markup, type Markup } from '../markup.ts';
import { timeTag } from './times.ts';
import { chip } from './words.ts';

/** What was waived, by whom and until when. */
export function waiversList(waivers: CheckpointStatus['waivers']): Markup {
  return markup`<ul class="reasons">${waivers.map(
    ({ finding, reason, by, expiresAt }) =>
      markup`<li>${chip('waived')} <span>${finding} by ${by.displayName}: <q>${reason}</q>, until ${timeTag(expiresAt)}</span></li>`,
  )}</ul>`;
}
