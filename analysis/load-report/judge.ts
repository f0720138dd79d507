// What a load report means under limits. A tool's report gives some points of the distribution; a limit is kept where a point at or above
// the upper bound's rank keeps it, and broken where one at or below the lower bound's rank breaks it.
import { builders, fail, inconclusive, type Finding, type FindingCode, type Outcome } from '../../verdict/finding.ts';
import { besideLimit, withLimit, count, latency, measured as measuredValue, rounded } from '../../verdict/wording/index.ts';
import type { Analysis, Table } from '../analysis.ts';
import { CONFIDENCE, MIN_COUNT_FOR_P99, lowerTailBound, nearestRank, upperTailBound, wilson } from '../statistics/index.ts';
import { quantilesOf, type LoadReport, type Quantile, type ReportedEndpoint } from './report.ts';

export interface ReportLimits {
  p99Ms: number;
  errorPercent: number;
}

const MIN_COUNT_TO_FAIL = 30;

/** One latency and one error finding per endpoint, and a table. A run of a closed model can fail but never pass. */
export function judgeReport(report: LoadReport, limits: ReportLimits): Analysis {
  const notOpen = whyNotOpen(report, limits.p99Ms);
  const findings = report.endpoints.flatMap((endpoint) => [
    judgeLatency(endpoint, limits.p99Ms, notOpen, report.strayMs),
    judgeErrors(endpoint, limits.errorPercent, notOpen),
  ]);
  for (const [metric, thresholds] of report.crossed ?? [])
    findings.push(
      fail(
        'ThresholdCrossed',
        metric,
        `${metric} crossed ${thresholds.length === 1 ? 'a threshold' : 'thresholds'} of the script: ${thresholds.join(', ')}`,
      ),
    );
  if (report.endpoints.length === 0 || report.endpoints.every(({ requests }) => requests === 0))
    findings.unshift(inconclusive('LoadRunIncomplete', 'load', 'the report holds no request, so nothing is known'));
  if ((report.dropped ?? 0) > 0)
    findings.unshift(
      inconclusive('IterationsDropped', 'load', `${count(report.dropped ?? 0)} iterations were dropped, limit 0`, {
        measured: report.dropped,
        limit: 0,
        unit: 'iterations',
      }),
    );
  return { findings, facts: [], tables: [reportTable(report, notOpen)] };
}

/** What a report measured, without a limit to judge it by. */
export const describeReport = (report: LoadReport): Analysis => ({
  findings: [],
  facts: [],
  tables: [reportTable(report, whyNotOpen(report, Number.POSITIVE_INFINITY))],
});

function reportTable(report: LoadReport, notOpen: string | null): Table {
  const notes = [...report.notes];
  if (report.model !== 'open') notes.push(closedNote(report));
  return {
    title: `${report.tool}, ${report.model === 'closed' || notOpen === null ? `${report.model} model` : 'a model it does not tell'}`,
    columns: ['endpoint', 'requests', 'failed', 'p50', 'p95', 'p99', 'longest'].map((name) => ({
      name,
      unit: /^p\d|longest/u.test(name) ? 'ms' : '',
    })),
    rows: report.endpoints.map(({ endpoint, requests, failed, timed, quantiles }) => [
      endpoint,
      requests,
      failed,
      ...[0.5, 0.95, 0.99].map((share) => roundedOrNull(at(quantiles, share, timed ?? requests))),
      roundedOrNull(quantiles.at(-1)?.share === 1 ? (quantiles.at(-1)?.ms ?? null) : null),
    ]),
    notes,
  };
}

function closedNote({ model, tool }: LoadReport): string {
  return model === 'closed'
    ? `${tool} waited for each answer before the next request: what would have come meanwhile is not measured, so it can fail here but never pass`
    : `${tool} does not say whether requests waited for each other, so it can fail here but never pass`;
}

/** Why nothing of the report can pass; null where its load was open. */
function whyNotOpen({ model, strayMs = 0 }: LoadReport, limitMs: number): string | null {
  if (model === 'closed') return 'a closed model keeps load away while it waits, so it can never pass';
  if (model === 'unknown') return 'the report does not say whether the load was open, so it can never pass';
  return strayMs <= limitMs
    ? null
    : `requests were sent up to ${latency(strayMs)} off an even rate, as if they waited for answers, so it can never pass`;
}

function judgeLatency(endpoint: ReportedEndpoint, limitMs: number, notOpen: string | null, strayMs = 0): Finding {
  const { endpoint: name, unanswered = 0, cutOff = 0, quantiles } = endpoint;
  const timed = endpoint.timed ?? endpoint.requests;
  const p99 = at(quantiles, 0.99, timed);
  const say = (code: FindingCode, outcome: Outcome, message: string, measured = p99): Finding =>
    builders[outcome](code, name, message, {
      measured: measured === null ? null : measuredValue(measured),
      limit: limitMs,
      unit: 'ms',
    });
  const sentence =
    p99 === null
      ? `p99 of ${name} is not told, limit ${latency(limitMs)}`
      : `p99 of ${name} is ${unanswered > 0 ? 'at least ' : ''}${withLimit(measuredValue(p99), limitMs, 'ms')}`;
  /** A verdict names the point that decides where there is no p99 to name. */
  const decided = (code: FindingCode, outcome: Outcome, how: string, by: Quantile): Finding =>
    p99 === null
      ? say(code, outcome, `${pointName(by.share)} of ${name} is ${how} ${withLimit(measuredValue(by.ms), limitMs, 'ms')}`, by.ms)
      : say(code, outcome, sentence);
  if (timed === null) return say('LatencyUndecided', 'inconclusive', `${sentence}, but the report does not tell of how many requests`);
  // Those without an answer may have taken any time: they stand behind all others. Those cut off stand where they prove the least.
  const requests = timed + unanswered + cutOff;
  if (requests === 0) return say('LatencyUndecided', 'inconclusive', `${name} got no request, so its p99 is not known`);
  const upper = upperTailBound(requests);
  const lower = lowerTailBound(requests);
  const above = upper === null ? undefined : quantiles.find(({ share }) => share * timed >= upper - 1e-6);
  const below = lower === null ? undefined : quantiles.findLast(({ share }) => share * timed + cutOff <= lower + 1e-6);
  if (requests >= MIN_COUNT_TO_FAIL && below && below.ms > limitMs) return decided('LatencyAboveLimit', 'fail', 'already', below);
  // One that was sent late was answered so much later than it was due.
  const atMost = above && above.ms + strayMs;
  if (above && atMost !== undefined && atMost <= limitMs && notOpen === null) return decided('LatencyWithinLimit', 'pass', 'still', above);
  const undecided = (why: string): Finding => say('LatencyUndecided', 'inconclusive', `${sentence}, but ${why}`);
  if (requests < MIN_COUNT_FOR_P99)
    return undecided(`only ${count(requests)} requests were sent and ${MIN_COUNT_FOR_P99} are the least a p99 can be known from`);
  if (notOpen !== null) return undecided(notOpen);
  if (atMost !== undefined) {
    const cause = strayMs > 0 ? `requests were sent up to ${latency(strayMs)} off an even rate, so` : `from ${count(requests)} requests`;
    return undecided(`${cause} the true p99 may be as high as ${besideLimit(atMost, limitMs, 'ms')[0]}`);
  }
  return undecided(
    upper !== null && upper > timed
      ? `${count(unanswered + cutOff)} of ${count(requests)} requests got no answer, so the true p99 may have any length`
      : 'no percentile is told that bounds it from above',
  );
}

/** `p95`, `p99.0625`. */
const pointName = (share: number): string => (share === 1 ? 'the longest time' : `p${measuredValue(100 * share)}`);

function judgeErrors(
  { endpoint, requests, failed, failedAtLeast }: ReportedEndpoint,
  limitPercent: number,
  notOpen: string | null,
): Finding {
  const measured = !requests || failed === null ? null : measuredValue((100 * failed) / requests);
  const say = (code: FindingCode, outcome: Outcome, message: string): Finding =>
    builders[outcome](code, endpoint, message, { measured, limit: limitPercent, unit: '%' });
  if (failed === null) return say('ErrorRateUndecided', 'inconclusive', `the report does not tell which requests of ${endpoint} failed`);
  if (requests === null)
    return say(
      'ErrorRateUndecided',
      'inconclusive',
      `${count(failed)} requests of ${endpoint} failed, but the report does not tell of how many`,
    );
  if (measured === null) return say('ErrorRateUndecided', 'inconclusive', `${endpoint} got no request, so its error rate is not known`);
  const bounds = wilson(failed, requests, CONFIDENCE);
  const atLeast = failedAtLeast ? 'at least ' : '';
  const sentence =
    `error rate of ${endpoint} is ${atLeast}${withLimit(measured, limitPercent, '%')} ` +
    `(${count(failed)} of ${count(requests)} requests failed)`;
  if (100 * bounds.lower > limitPercent) return say('ErrorRateAboveLimit', 'fail', sentence);
  if (100 * bounds.upper <= limitPercent && notOpen === null && !failedAtLeast) return say('ErrorRateWithinLimit', 'pass', sentence);
  const why = failedAtLeast
    ? 'requests that got no answer are not in the report'
    : (notOpen ?? `from so few requests the true rate may be as high as ${besideLimit(100 * bounds.upper, limitPercent, '%')[0]}`);
  return say('ErrorRateUndecided', 'inconclusive', `${sentence}, but ${why}`);
}

/** The value of a quantile by nearest rank, where a point at exactly its rank is known; else null. */
function at(quantiles: readonly Quantile[], share: number, requests: number | null): number | null {
  const exact = quantiles.find((quantile) => Math.abs(quantile.share - share) < 1e-9);
  if (exact) return exact.ms;
  if (!requests) return null;
  const rank = nearestRank(requests, share);
  return quantiles.find((quantile) => Math.abs(quantile.share * requests - rank) < 1e-6)?.ms ?? null;
}

/**
 * Quantiles of raw values, with every rank that decides.
 * @param requests how many there were with those that have no value; they stand behind all that have one.
 */
export function decidingQuantiles(values: Float64Array, requests = values.length): Quantile[] {
  const n = values.length;
  if (n === 0) return [];
  const ranks = [0.5, 0.9, 0.95, 0.99, 0.999].map((share) => nearestRank(n, share));
  return quantilesOf(values, [...ranks, upperTailBound(requests) ?? n, lowerTailBound(requests) ?? 0]);
}

const roundedOrNull = (value: number | null): number | null => (value === null ? null : rounded(value));
