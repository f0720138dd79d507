// A trace as rows: when each span ran, and its part of the critical path.
import type { Waterfall } from '../../analysis/trace/waterfall.ts';
import { columnHeads, markup, type Markup } from './markup.ts';
import { latency, number } from '../../verdict/wording/index.ts';

const BAR = 600;
const LEGEND = 'Dark: exclusive time on the critical path. Self: time outside of synchronous children.';

export function waterfall({ traceId, totalMs, rows, leftOut }: Waterfall): Markup {
  const px = (ms: number): string => ((ms / Math.max(totalMs, 1e-6)) * BAR).toFixed(1);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Spans of trace ${traceId}"><table class="waterfall">
    <caption>Trace <code>${traceId}</code>, ${latency(totalMs)}${leftOut > 0 ? `; ${leftOut} more spans not shown` : ''}. ${LEGEND}</caption>
    ${columnHeads('Operation', 'Kind', 'Start, ms', 'Duration, ms', 'Critical path, ms', 'Self, ms', 'Timeline')}
    <tbody>${rows.map(
      ({ operation, category, depth, startMs, durationMs, exclusiveMs, selfMs, failed, asynchronous }) => markup`<tr>
        <th scope="row"><span class="depth" aria-hidden="true">${'· '.repeat(depth)}</span>${operation}${failed ? ' (failed)' : ''}</th>
        <td>${category}</td>${[
          number(startMs),
          number(durationMs),
          asynchronous ? 'asynchronous' : exclusiveMs === null ? 'not on path' : number(exclusiveMs),
          number(selfMs),
        ].map((cell) => markup`<td class="number">${cell}</td>`)}
        <td>${bar(exclusiveMs === null ? 'off' : 'on', [
          markup`<rect class="whole" x="${px(startMs)}" width="${px(durationMs)}" height="12"></rect>`,
          markup`<rect class="own" x="${px(startMs)}" width="${px(exclusiveMs ?? 0)}" height="12"></rect>`,
        ])}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

const bar = (path: 'on' | 'off', parts: readonly Markup[]): Markup =>
  markup`<svg class="span ${path}" viewBox="0 0 ${BAR} 12" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
