import type { Reason } from '../../verdict/verdict.ts';
import { markup, type Markup } from '../markup.ts';
import { chip } from './words.ts';

/** Why the verdict is what it is, worst first. */
export function reasonsList(reasons: readonly Reason[], whenNone: string): Markup {
  if (reasons.length === 0) return markup`<p class="quiet">${whenNone}</p>`;
  return markup`<ul class="reasons">${reasons.map(({ effect, message }) => markup`<li>${chip(effect)} <span>${message}</span></li>`)}</ul>`;
}
