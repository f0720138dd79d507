// Traces as a table: what the slow ones spend their time on.
import type { Analysis } from '../analysis.ts';
import { count as countText, latency, rounded } from '../../verdict/wording/index.ts';
import { criticalPaths } from './critical-path.ts';
import { slowBand } from './slow-band.ts';
import type { Spans } from './spans.ts';

const ROWS = 25;

/** Exclusive time on the critical path by operation, over the slow band; without enough traces for a band, over all. */
export function describeTraces(spans: Spans & { doubled: number }): Analysis {
  const band = slowBand(spans, { least: 1 });
  const { orphans, cut, outside, shifted, asynchronous } = criticalPaths(spans);
  const notes = [
    ...(spans.doubled > 0 ? [`spans told twice, which count once: ${spans.doubled}`] : []),
    ...(orphans > 0 ? [`spans left out, for their parent is not there: ${orphans}`] : []),
    ...(cut > 0 ? [`spans that outlast their parents and were cut, by clocks that disagree or work after the answer: ${cut}`] : []),
    ...(shifted > 0 ? [`servers’ spans shifted into the middle of the calls they answer, for clocks disagree: ${shifted}`] : []),
    ...(outside > 0 ? [`spans left out, for they lie outside their parents; their time is counted as their parents’: ${outside}`] : []),
    ...(asynchronous > 0 ? [`spans nobody waits for, so on no path: ${asynchronous}`] : []),
    'self time: in no child that is waited for, on the critical path or off it',
    'exclusive time on the critical path, as CRISP counts it, with 1 % of overlap allowed for clocks',
  ];
  const fact = {
    subject: 'traces',
    text: `${spans.count} spans in ${spans.traces} traces`,
    values: { spans: spans.count, traces: spans.traces },
  };
  const columns = [
    { name: 'operation', unit: '' },
    { name: 'kind', unit: '' },
    { name: 'share', unit: '%' },
    { name: 'mean per trace', unit: 'ms' },
    { name: 'self time per trace', unit: 'ms' },
  ];
  if (band === null) return { findings: [], facts: [{ ...fact, text: `${fact.text}, none with a root` }], tables: [] };
  const all = band.slow === band.traces;
  return {
    findings: [],
    facts: [
      {
        ...fact,
        text:
          `${fact.text}; ${all ? 'too few for a slow band, so all are read' : `the slow band has ${band.slow}`}, ` +
          `of ${latency(band.fromMs)} to ${latency(band.toMs)}`,
      },
      ...band.failures.map(({ operation, status, count }) => ({
        subject: 'failed',
        text: `${countText(count)} of ${operation}${status === '' ? '' : `: ${status}`}`,
        values: { count },
      })),
    ],
    tables: [
      {
        title: all ? 'Where requests spend their time' : 'Where slow requests spend their time',
        columns,
        rows: band.operations
          .slice(0, ROWS)
          .map(({ operation, category, share, meanMs, selfMs }) => [
            operation,
            category,
            rounded(100 * share),
            rounded(meanMs),
            rounded(selfMs),
          ]),
        notes,
      },
    ],
  };
}
