// A trace as rows: when each span ran, and which part of it decided how long the request took.
import type { Waterfall } from '../../analysis/trace/waterfall.ts';
import { markup, type Markup } from '../markup.ts';

const BAR = 600;

export function waterfall({ traceId, totalMs, rows, leftOut }: Waterfall): Markup {
  const px = (ms: number): string => ((ms / Math.max(totalMs, 1e-6)) * BAR).toFixed(1);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Spans of trace ${traceId}"><table class="waterfall">
    <caption>Trace <code>${traceId}</code>, ${round(totalMs)} ms${leftOut > 0 ? `; ${leftOut} more spans are left out` : ''}. Dark: time of the span itself on the critical path. Self: time in no child that it waits for.</caption>
    <thead><tr><th scope="col">Operation</th><th scope="col">Kind</th><th scope="col">Starts, ms</th><th scope="col">Lasts, ms</th><th scope="col">On the path, ms</th><th scope="col">Self, ms</th><th scope="col">When</th></tr></thead>
    <tbody>${rows.map(
      ({ operation, category, depth, startMs, lengthMs, exclusiveMs, selfMs, failed, asynchronous }) => markup`<tr>
        <th scope="row"><span class="depth" aria-hidden="true">${'· '.repeat(depth)}</span>${operation}${failed ? ' (failed)' : ''}</th>
        <td>${category}</td><td class="number">${round(startMs)}</td><td class="number">${round(lengthMs)}</td><td class="number">${asynchronous ? 'nobody waits' : exclusiveMs === null ? 'off the path' : round(exclusiveMs)}</td><td class="number">${round(selfMs)}</td>
        <td><svg class="span ${exclusiveMs === null ? 'off' : 'on'}" viewBox="0 0 ${BAR} 12" preserveAspectRatio="none" aria-hidden="true"><rect class="whole" x="${px(startMs)}" width="${px(lengthMs)}" height="12"></rect><rect class="own" x="${px(startMs)}" width="${px(exclusiveMs ?? 0)}" height="12"></rect></svg></td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

const round = (value: number): number => Number(value.toPrecision(3));
