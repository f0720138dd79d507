// The section of leftovers on the list of releases.
import { columnHeads, markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Leftover, Leftovers } from '../temporal/leftovers.ts';
import { textOf as wordOf } from './words.ts';
import { relativeTime } from '../../verdict/wording/index.ts';
import { eventTimeTag } from './time-tags.ts';

const UNREADABLE = 'The undo journal in the evidence folder cannot be read, so leftovers are unknown. The server log has the cause.';

/** Leftovers above the list of releases; empty without leftovers. */
export function leftoversSection(leftovers: Leftovers | null, nowMs: number): Markup {
  if (leftovers === null)
    return markup`<section class="card" aria-labelledby="stands"><h2 id="stands">Leftovers</h2>
      <p class="notice no-go" role="alert">${UNREADABLE}</p></section>`;
  const { items, damaged } = leftovers;
  if (items.length + damaged.length === 0) return nothing;
  return markup`<section class="card" aria-labelledby="stands">
    <h2 id="stands">Leftovers</h2>
    ${damaged.map(({ message }) => markup`<p class="notice no-go" role="alert">${message}.</p>`)}
    ${items.length === 0 ? nothing : table(items, nowMs)}
  </section>`;
}

function table(items: readonly Leftover[], nowMs: number): Markup {
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Leftovers"><table>
    ${columnHeads('Service', 'Effect', 'Since', 'Countdown', 'Goes back to', 'Next')}
    <tbody>${items.map((item) => row(item, nowMs))}</tbody>
  </table></div>`;
}

function row({ service, cluster, effect, live, since, countdown, restorer, goesBackTo, next }: Leftover, nowMs: number): Markup {
  return markup`<tr>
    <th scope="row">${service}<br /><span class="quiet">${cluster}</span></th>
    <td>${effect}${live ? markup`<br /><span class="quiet">a candidate serves traffic</span>` : nothing}</td>
    <td>${eventTimeTag(since)}<br /><span class="quiet">${relativeTime(since, nowMs)}</span></td>
    <td><a href="/r/${countdown.release}">${countdown.release}</a><br /><span class="quiet">${stateOf(countdown)}; restorer ${restorer}</span></td>
    <td>${goesBackTo}</td>
    <td><code>${next}</code></td>
  </tr>`;
}

function stateOf({ state, phase, ending }: Leftover['countdown']): string {
  if (state === 'running' && phase !== null) return wordOf(phase);
  if (state === 'ended' && ending !== null) return wordOf(ending);
  return state === 'gone' ? 'past the retention of Temporal' : state;
}
