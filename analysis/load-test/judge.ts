// Judges a load test. Pure: summary and limits in, findings out.
import { builders, inconclusive, type Finding, type FindingCode, type Outcome } from '../../verdict/finding.ts';
import { besideLimit, count, measured as measuredValue, number } from '../../verdict/wording/index.ts';
import { CONFIDENCE, MIN_COUNT_FOR_P99, wilson } from '../statistics/index.ts';
import { inBursts } from '../statistics/in-bursts.ts';
import { judgeCandidate } from './candidate.ts';
import { limitsOf, offeredIterations, peakRatePerSecond, plannedSeconds, type LoadLimits, type LoadStage } from './plan.ts';
import { GRACEFUL_STOP_SECONDS } from './run-record.ts';
import type { EndpointSummary, LoadSummary } from './summary.ts';

/** Fewer slow requests may be one cold start (connections, caches, JIT of a proxy) and never fail. */
const MIN_COUNT_TO_FAIL = 30;
/** k6 writes whole lines; one unreadable line in 10,000 cannot change a p99, more mean that the record is damaged. */
const MALFORMED_LINES_PER = 10_000;

/** Judges a load test. Shares in findings are percent, latencies ms. `evidence` are the digests the summary was read from. */
export function judgeLoad(summary: LoadSummary, limits: LoadLimits, stages: readonly LoadStage[], evidence: string[] = []): Finding[] {
  const endpoints = summary.endpoints.flatMap((endpoint) => {
    const own = limitsOf(endpoint.endpoint, limits);
    return [judgeLatency(endpoint, own.p99Ms), judgeErrors(endpoint, own.errorPercent)];
  });
  const seen = new Set(summary.endpoints.map((each) => each.endpoint));
  const missing = Object.keys(limits.endpoints).filter((name) => !seen.has(name));
  const stopped = summary.end?.stopped === 'hopeless' && endpoints.some((each) => each.outcome === 'fail');
  return [
    ...judgeRun(summary, stages, stopped),
    ...(stopped ? [] : judgeDelivery(summary, limits, stages)),
    ...missing.sort().map((name) =>
      inconclusive('EndpointMissing', name, `${name} has a limit but got no request, so it is not judged`, {
        measured: 0,
        unit: 'requests',
      }),
    ),
    ...endpoints,
    ...judgeCandidate(summary.start, summary.end),
  ].map((each) => ({ ...each, evidence }));
}

/**
 * Passes only when the upper bound of the p99 keeps the limit, fails only when the lower bound breaks it. Slow requests in bursts count as
 * fewer independent ones.
 */
function judgeLatency(endpoint: EndpointSummary, limitMs: number): Finding {
  const { endpoint: name, requests, unanswered, p99Ms, p99LowerMs, p99UpperMs } = endpoint;
  const finding = (code: FindingCode, outcome: Outcome, message: string): Finding =>
    builders[outcome](code, name, message, { measured: p99Ms === null ? null : measuredValue(p99Ms), limit: limitMs, unit: 'ms' });
  if (p99Ms === null) return finding('LatencyUndecided', 'inconclusive', `${name} got no request, so its p99 is unknown`);
  const atLeast = unanswered > 0 ? 'at least ' : '';
  const [p99, limit] = besideLimit(measuredValue(p99Ms), limitMs, 'ms');
  const sentence = `p99 of ${name} is ${atLeast}${p99}, limit ${limit}`;
  if (requests >= MIN_COUNT_TO_FAIL && p99LowerMs !== null && p99LowerMs > limitMs) return finding('LatencyAboveLimit', 'fail', sentence);
  if (p99UpperMs !== null && p99UpperMs <= limitMs) return finding('LatencyWithinLimit', 'pass', sentence);
  return finding('LatencyUndecided', 'inconclusive', `${sentence}, but ${whyLatencyUndecided(endpoint, limitMs)}`);
}

function whyLatencyUndecided({ requests, unanswered, slowBurst, p99UpperMs }: EndpointSummary, limitMs: number): string {
  if (requests < MIN_COUNT_FOR_P99) return `only ${count(requests)} requests were sent, and a p99 needs at least ${MIN_COUNT_FOR_P99}`;
  const bursts = inBursts('slow requests', slowBurst, requests);
  if (bursts !== null && requests / slowBurst < MIN_COUNT_FOR_P99)
    return `${bursts}; a p99 needs ${MIN_COUNT_FOR_P99}: run at least ${timesAsLong(requests / slowBurst)} times as long`;
  if (p99UpperMs === null) return `${count(unanswered)} of ${count(requests)} requests got no response, so the true p99 has no upper bound`;
  const sample = bursts === null ? `from ${count(requests)} requests` : `${bursts} and`;
  return `${sample} the true p99 may be as high as ${besideLimit(p99UpperMs, limitMs, 'ms')[0]}`;
}

/** To one decimal, rounded up. */
const timesAsLong = (effective: number): number => Math.ceil((10 * MIN_COUNT_FOR_P99) / effective) / 10;

/** Passes only when the upper Wilson bound keeps the limit, fails only when the lower bound breaks it. Errors in bursts count as fewer. */
function judgeErrors(endpoint: EndpointSummary, limitPercent: number): Finding {
  const { endpoint: name, requests, failed, failedBurst } = endpoint;
  const measured = requests === 0 ? null : measuredValue((100 * failed) / requests);
  const finding = (code: FindingCode, outcome: Outcome, message: string): Finding =>
    builders[outcome](code, name, message, { measured, limit: limitPercent, unit: '%' });
  if (measured === null) return finding('ErrorRateUndecided', 'inconclusive', `${name} got no request, so its error rate is unknown`);
  const bounds = wilson(failed, requests, CONFIDENCE, failedBurst);
  const [rate, limit] = besideLimit(measured, limitPercent, '%');
  const sentence = `error rate of ${name} is ${rate}, limit ${limit} (${count(failed)} of ${count(requests)} requests failed)`;
  if (100 * bounds.lower > limitPercent) return finding('ErrorRateAboveLimit', 'fail', sentence);
  // A limit of 0 % asks for a run without errors; no sample could bound the rate itself by 0.
  if (100 * bounds.upper <= limitPercent || (limitPercent === 0 && failed === 0)) return finding('ErrorRateWithinLimit', 'pass', sentence);
  const bursts = inBursts('errors', failedBurst, requests);
  const sample = bursts === null ? 'with so few requests' : `${bursts} and`;
  const upper = besideLimit(100 * bounds.upper, limitPercent, '%')[0];
  return finding('ErrorRateUndecided', 'inconclusive', `${sentence}, but ${sample} the true rate may be as high as ${upper}`);
}

/** Whether the record is one complete run; lists all reasons why not, the worst first. */
function judgeRun(summary: LoadSummary, stages: readonly LoadStage[], stopped: boolean): Finding[] {
  const { end } = summary;
  const k6Error = end?.lastError ? `: ${end.lastError}` : '';
  const reasons: string[] = [];
  if (summary.requests === 0) reasons.push(`k6 sent no request${k6Error}`);
  if (end === null) reasons.push('the record of the run has no end');
  else if (end.signal !== null && !stopped) reasons.push(`k6 was ended by ${end.signal}${k6Error}`);
  else if (end.exitCode !== 0 && !stopped) reasons.push(`k6 ended with exit code ${end.exitCode}${k6Error}`);
  if (end?.stopped && !stopped) reasons.push('it was stopped because it could no longer pass, but its record shows no broken limit');
  if (summary.runs > 1) reasons.push(`its record contains ${summary.runs} runs`);
  if (summary.cutOff) reasons.push('its record is truncated');
  if (summary.linesMalformed * MALFORMED_LINES_PER > summary.linesRead) {
    reasons.push(`${count(summary.linesMalformed)} of ${count(summary.linesRead)} lines of its record are unreadable`);
  }
  const unfinished = Math.floor(offeredIterations(stages)) - summary.iterations - summary.dropped;
  // Fewer may have been started (a busy load machine; see the delivered load). They were cut off only if k6 waited its full grace period.
  if (!stopped && unfinished > 0 && tookSeconds(summary) >= plannedSeconds(stages) + GRACEFUL_STOP_SECONDS) {
    reasons.push(`${count(unfinished)} iterations did not finish, so their latency is unknown`);
  }
  if (reasons.length === 0) return [];
  const message = `the load test is incomplete: ${reasons.join('; ')}`;
  return [
    inconclusive('LoadRunIncomplete', 'load', message, {
      measured: measuredValue(summary.seconds),
      limit: plannedSeconds(stages),
      unit: 's',
    }),
  ];
}

function tookSeconds({ start, end }: LoadSummary): number {
  return start === null || end === null ? 0 : (Date.parse(end.at) - Date.parse(start.startedAt)) / 1_000;
}

/** Whether the service got the planned load. */
function judgeDelivery(summary: LoadSummary, limits: LoadLimits, stages: readonly LoadStage[]): Finding[] {
  const findings: Finding[] = [];
  const offered = offeredIterations(stages);
  const peak = peakRatePerSecond(stages);
  if (summary.dropped > 0) {
    findings.push(
      inconclusive(
        'IterationsDropped',
        'load',
        offered === 0
          ? `${count(summary.dropped)} iterations were dropped, limit 0`
          : `${count(summary.dropped)} of ${count(offered)} iterations were dropped because all virtual users were waiting, limit 0`,
        { measured: summary.dropped, limit: 0, unit: 'iterations' },
      ),
    );
  }
  if (offered === 0)
    return [
      ...findings,
      inconclusive('LoadNotDelivered', 'load', 'the stages offer no load', { limit: limits.deliveredPercent, unit: '%' }),
    ];
  // Stages offer iterations; an iteration without a request is no load for the service.
  const share = (100 * Math.min(summary.iterations, summary.requests)) / offered;
  const idle =
    summary.requests < summary.iterations ? `: ${count(summary.iterations)} iterations sent ${count(summary.requests)} requests` : '';
  const [percentText, limit] = besideLimit(measuredValue(share), limits.deliveredPercent, '%');
  const message =
    `${percentText} of the load was delivered (${number((peak * share) / 100)} of ${number(peak)} iterations/s), ` +
    `limit ${limit}${idle}`;
  const delivered = share >= limits.deliveredPercent;
  findings.push(
    builders[delivered ? 'pass' : 'inconclusive'](delivered ? 'LoadDelivered' : 'LoadNotDelivered', 'load', message, {
      measured: measuredValue(share),
      limit: limits.deliveredPercent,
      unit: '%',
    }),
  );
  return findings;
}
