// Traces as a table: the operations that slow requests spend their time in.
import type { Analysis } from '../analysis.ts';
import { count as countText, latency, rounded } from '../../verdict/wording/index.ts';
import { criticalPaths } from './critical-path.ts';
import { slowBand } from './slow-band.ts';
import type { Spans } from './spans.ts';

const ROWS = 25;

/** Exclusive time on the critical path by operation, over the slow band; without enough traces for a band, over all. */
export function describeTraces(spans: Spans & { duplicates: number }): Analysis {
  const band = slowBand(spans, { minTraces: 1 });
  const { orphans, cut, outside, shifted, asynchronous } = criticalPaths(spans);
  const notes = [
    ...(spans.duplicates > 0 ? [`duplicate spans, counted once: ${spans.duplicates}`] : []),
    ...(orphans > 0 ? [`spans left out because their parent is missing: ${orphans}`] : []),
    ...(cut > 0 ? [`spans cut to their parents’ time, because of clock skew or work after the answer: ${cut}`] : []),
    ...(shifted > 0 ? [`server spans moved into the middle of the calls they answer, because of clock skew: ${shifted}`] : []),
    ...(outside > 0 ? [`spans left out because they are outside of their parents’ time, which includes theirs: ${outside}`] : []),
    ...(asynchronous > 0 ? [`asynchronous spans, on no critical path: ${asynchronous}`] : []),
    'self time: time without a child that the span waits for, on or off the critical path',
    'exclusive time on the critical path as in CRISP, with 1 % of overlap allowed for clock skew',
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
          `${fact.text}; ${all ? 'too few for a slow band' : `slow band of ${band.slow} traces`}, ` +
          `root spans last ${latency(band.fromMs)} to ${latency(band.toMs)}`,
      },
      ...band.failures.map(({ operation, status, count }) => ({
        subject: 'failed',
        text: `${countText(count)} spans of ${operation}${status === '' ? '' : `: ${status}`}`,
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
