import type { EndpointSummary } from '../../analysis/load-test/summary.ts';
import { count, latency, number } from '../../verdict/wording/index.ts';
import type { CountdownStatus, StepStatus } from '../../verdict/countdown-status.ts';
import type { FiguresReader } from '../evidence/figures-apart.ts';
import { linePlot } from '../evidence/line-plot.ts';
import { columnHeads, markup, nothing, type Markup } from '../evidence/markup.ts';

/** Latency of one endpoint over one load test, computed from its evidence. */
export interface LatencyPlot {
  checkpoint: string;
  step: string;
  round: number;
  digest: string;
  endpoint: EndpointSummary;
  limitMs: number | null;
}

/** A load test with unreadable points, shown as a message. */
export interface PlotMissing {
  checkpoint: string;
  step: string;
  digest: string;
  message: string;
}

export interface Plots {
  plots: LatencyPlot[];
  missing: PlotMissing[];
}

/** Reads the k6 points of every load test. Unreadable evidence gives a message instead of a plot. */
export async function readLatencyPlots(
  { checkpoints }: Pick<CountdownStatus, 'checkpoints'>,
  endpoints: FiguresReader['endpoints'],
): Promise<Plots> {
  const found: Plots = { plots: [], missing: [] };
  for (const { name: checkpoint, steps } of checkpoints) {
    for (const step of steps) {
      for (const { digest } of step.evidence.filter(({ kind }) => kind === 'k6-points')) {
        const where = { checkpoint, step: step.name, digest };
        const points = await endpoints(digest);
        if ('unreadable' in points) found.missing.push({ ...where, message: points.unreadable });
        else
          for (const endpoint of points.read)
            found.plots.push({ ...where, round: step.round, endpoint, limitMs: limitOf(step, endpoint.endpoint) });
      }
    }
  }
  return found;
}

/** The limit of the judgement: in the fact, or in the finding of old countdowns. */
function limitOf({ facts, findings }: StepStatus, endpoint: string): number | null {
  const inFact = facts.find(({ subject }) => subject === endpoint)?.values['limitMs'];
  if (inFact !== undefined) return inFact;
  const limit = findings.find(({ subject, unit }) => subject === endpoint && unit === 'ms')?.limit;
  return typeof limit === 'number' ? limit : null;
}

/** Plot, caption and the same numbers as a table. */
export function latencyFigure({ endpoint: { endpoint, requests, failed, p50Ms, p95Ms, p99Ms, series }, limitMs }: LatencyPlot): Markup {
  const { buckets, widthSeconds } = series;
  const limit = limitMs === null ? '' : `, limit ${latency(limitMs)}`;
  const latencies = `p99 ${msText(p99Ms)}${limit}; p50 ${msText(p50Ms)}, p95 ${msText(p95Ms)}`;
  const message = `${endpoint}: ${latencies}; ${count(requests)} requests, ${count(failed)} failed`;
  const line = (name: string, style: 'strong' | 'thin' | 'dashed', value: (bucket: (typeof buckets)[number]) => number) => ({
    name,
    style,
    points: buckets.map((bucket) => ({ x: bucket.second, y: value(bucket) })),
  });
  const plot = linePlot({
    summary: message,
    lines: [line('p99', 'strong', ({ p99Ms: y }) => y), line('mean', 'dashed', ({ meanMs }) => meanMs)],
    limit: limitMs === null ? null : { value: limitMs, name: `limit ${latency(limitMs)}` },
    xUnit: 'seconds of the load test',
    yUnit: 'ms',
    gapX: widthSeconds * 1.5,
  });
  return markup`<figure class="latency">
    <figcaption>${message}</figcaption>
    ${buckets.length === 0 ? nothing : plot}
    <details><summary>The same as a table: each ${widthSeconds} s</summary>
      <div class="scroll" tabindex="0" role="group" aria-label="${endpoint} over time"><table>
        <caption>${endpoint} over time</caption>
        ${columnHeads('From, s', 'Requests', 'Failed', 'Mean, ms', 'p99, ms', 'Highest, ms')}
        <tbody>${buckets.map(({ second, requests: sent, failed: bad, meanMs, p99Ms: p99, maxMs }) => {
          const cells = [count(sent), count(bad), number(meanMs), number(p99), number(maxMs)];
          return markup`<tr><th scope="row" class="number">${second}</th>${cells.map((cell) => markup`<td class="number">${cell}</td>`)}</tr>`;
        })}</tbody>
      </table></div>
    </details>
  </figure>`;
}

const msText = (value: number | null): string => (value === null ? 'unknown' : latency(value));
