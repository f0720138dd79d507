// Facts of a load test: planned load, delivered load, and each endpoint with its limits.
import type { Fact } from '../../verdict/finding.ts';
import { besideLimit, count, duration, measured, number } from '../../verdict/wording/index.ts';
import { limitsOf, offeredIterations, peakRatePerSecond, plannedSeconds, type LoadLimits, type LoadStage } from './plan.ts';
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
  const start = stopped
    ? `stopped after ${duration(1_000 * Math.round(seconds))} because it could no longer pass: `
    : `${duration(1_000 * Math.round(seconds))}, `;
  return {
    subject: 'load',
    text: `${start}${number(asked)} iterations/s requested, ${number(delivered)} delivered, ${count(summary.dropped)} dropped`,
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

/** For a run without a plan. */
function unplannedFact({ requests, iterations, dropped, seconds, linesMalformed }: LoadSummary): Fact {
  return {
    subject: 'load',
    text: `${duration(1_000 * Math.round(seconds))}, ${count(requests)} requests in ${count(iterations)} iterations, ${count(dropped)} dropped`,
    values: { seconds, requests, iterations, droppedIterations: dropped, unreadableLines: linesMalformed },
  };
}

function endpointFact(endpoint: EndpointSummary, limits: LoadLimits): Fact {
  const limitMs = limitsOf(endpoint.endpoint, limits).p99Ms;
  const { requests, failed, p50Ms, p95Ms, p99Ms, p99UpperMs } = endpoint;
  const errors = `errors ${count(failed)} of ${count(requests)}`;
  const values: Record<string, number> = { requests, failed, limitMs };
  if (p99Ms === null) return { subject: endpoint.endpoint, text: errors, values };
  for (const [name, value] of Object.entries({ p50Ms, p95Ms, p99Ms, p99UpperMs })) if (value !== null) values[name] = measured(value);
  const sign = p99Ms <= limitMs ? '≤' : '>';
  const bound = p99UpperMs === null ? 'no upper bound' : `bound ${besideLimit(p99UpperMs, limitMs, 'ms')[0]}`;
  const [p99, limit] = besideLimit(p99Ms, limitMs, 'ms');
  return { subject: endpoint.endpoint, text: `p99 ${p99} ${sign} ${limit} (${bound}), ${errors}`, values };
}
