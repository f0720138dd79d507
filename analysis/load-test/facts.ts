// The lines of the story: what was asked, what came, and each endpoint against its limits.
import type { Fact } from '../../verdict/finding.ts';
import { limitsOf, offeredIterations, peakRatePerSecond, plannedSeconds, type LoadLimits, type LoadStage } from './plan.ts';
import { count, ms, rate, toMicrosecond } from './sentences.ts';
import type { EndpointSummary, LoadSummary } from './summary.ts';

export function loadFacts(summary: LoadSummary, limits: LoadLimits, stages: readonly LoadStage[]): Fact[] {
  return [runFact(summary, stages), ...summary.endpoints.map((endpoint) => endpointFact(endpoint, limits))];
}

function runFact(summary: LoadSummary, stages: readonly LoadStage[]): Fact {
  if (stages.length === 0) return unplannedFact(summary);
  const asked = peakRatePerSecond(stages);
  const stopped = summary.end?.stopped === 'hopeless';
  const seconds = stopped ? summary.seconds : plannedSeconds(stages);
  const offered = offeredIterations(stages, seconds);
  const delivered = offered === 0 ? 0 : (asked * summary.iterations) / offered;
  const start = stopped ? `stopped after ${Math.round(seconds)} s: hopeless, ` : `${Math.round(seconds)} s, `;
  return {
    subject: 'load',
    text: `${start}${rate(asked)} iterations/s asked, ${rate(delivered)} delivered, ${count(summary.dropped)} dropped`,
    values: {
      seconds,
      askedPerSecond: asked,
      deliveredPerSecond: Math.round(delivered * 10) / 10,
      requests: summary.requests,
      iterations: summary.iterations,
      droppedIterations: summary.dropped,
      unreadableLines: summary.linesMalformed,
    },
  };
}

/** Of a run nobody here planned: what was asked for is not known. */
function unplannedFact({ requests, iterations, dropped, seconds, linesMalformed }: LoadSummary): Fact {
  return {
    subject: 'load',
    text: `${Math.round(seconds)} s, ${count(requests)} requests in ${count(iterations)} iterations, ${count(dropped)} dropped`,
    values: { seconds, requests, iterations, droppedIterations: dropped, unreadableLines: linesMalformed },
  };
}

function endpointFact(endpoint: EndpointSummary, limits: LoadLimits): Fact {
  const limitMs = limitsOf(endpoint.endpoint, limits).p99Ms;
  const { requests, failed, p50Ms, p95Ms, p99Ms, p99UpperMs } = endpoint;
  const errors = `errors ${count(failed)} of ${count(requests)}`;
  const values: Record<string, number> = { requests, failed, limitMs };
  if (p99Ms === null) return { subject: endpoint.endpoint, text: errors, values };
  for (const [name, value] of Object.entries({ p50Ms, p95Ms, p99Ms, p99UpperMs })) if (value !== null) values[name] = toMicrosecond(value);
  const sign = p99Ms <= limitMs ? '≤' : '>';
  const bound = p99UpperMs === null ? 'no upper bound' : `bound ${ms(p99UpperMs, limitMs).replace(' ms', '')}`;
  return { subject: endpoint.endpoint, text: `p99 ${ms(p99Ms, limitMs)} ${sign} ${ms(limitMs)} (${bound}), ${errors}`, values };
}
