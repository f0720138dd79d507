// Judges a load report. A report contains some points of the distribution: a limit is kept where a point at or above the rank of the upper
// bound keeps it, and broken where one at or below the rank of the lower bound breaks it.
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

/** One latency and one error finding per endpoint, and a table. A run with a closed load model can fail but never pass. */
export function judgeReport(report: LoadReport, limits: ReportLimits): Analysis {
  const notOpen = whyNotOpen(report, limits.p99Ms);
  const findings = report.endpoints.flatMap((endpoint) => [
    judgeLatency(endpoint, limits.p99Ms, notOpen, report.deviationMs),
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
    findings.unshift(inconclusive('LoadRunIncomplete', 'load', 'the report contains no request'));
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

/** The table of a report, without limits. */
export const describeReport = (report: LoadReport): Analysis => ({
  findings: [],
  facts: [],
  tables: [reportTable(report, whyNotOpen(report, Number.POSITIVE_INFINITY))],
});

function reportTable(report: LoadReport, notOpen: string | null): Table {
  const notes = [...report.notes];
  if (report.model !== 'open') notes.push(closedNote(report));
  return {
    title: `${report.tool}, ${report.model === 'closed' || notOpen === null ? `${report.model} model` : 'load model unknown'}`,
    columns: ['endpoint', 'requests', 'failed', 'p50', 'p95', 'p99', 'max'].map((name) => ({
      name,
      unit: /^p\d|max/u.test(name) ? 'ms' : '',
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
    ? `${tool} waited for each response before the next request (coordinated omission), so it can fail but never pass`
    : `${tool} does not report its load model (open or closed), so it can fail but never pass`;
}

/** Why the report cannot pass; null with an open load model. */
function whyNotOpen({ model, deviationMs = 0 }: LoadReport, limitMs: number): string | null {
  if (model === 'closed') return 'a closed load model sends less while it waits, so it can never pass';
  if (model === 'unknown') return 'the report does not show whether the load model was open, so it can never pass';
  return deviationMs <= limitMs
    ? null
    : `send times deviate up to ${latency(deviationMs)} from an even rate, as if requests waited for responses, so it can never pass`;
}

function judgeLatency(endpoint: ReportedEndpoint, limitMs: number, notOpen: string | null, deviationMs = 0): Finding {
  const { endpoint: name, unanswered = 0, cutOff = 0, quantiles } = endpoint;
  const timed = endpoint.timed ?? endpoint.requests;
  const p99 = at(quantiles, 0.99, timed);
  const finding = (code: FindingCode, outcome: Outcome, message: string, measured = p99): Finding =>
    builders[outcome](code, name, message, {
      measured: measured === null ? null : measuredValue(measured),
      limit: limitMs,
      unit: 'ms',
    });
  const sentence =
    p99 === null
      ? `p99 of ${name} is not reported, limit ${latency(limitMs)}`
      : `p99 of ${name} is ${unanswered > 0 ? 'at least ' : ''}${withLimit(measuredValue(p99), limitMs, 'ms')}`;
  /** Without a p99 the message names the point that decides. */
  const decided = (code: FindingCode, outcome: Outcome, how: string, by: Quantile): Finding =>
    p99 === null
      ? finding(code, outcome, `${pointName(by.share)} of ${name} is ${how} ${withLimit(measuredValue(by.ms), limitMs, 'ms')}`, by.ms)
      : finding(code, outcome, sentence);
  if (timed === null)
    return finding('LatencyUndecided', 'inconclusive', `${sentence}, but the report does not contain the number of requests`);
  // Requests without a response may have taken any time and rank last. Requests that were cut off rank where they prove least.
  const requests = timed + unanswered + cutOff;
  if (requests === 0) return finding('LatencyUndecided', 'inconclusive', `${name} got no request, so its p99 is unknown`);
  const upper = upperTailBound(requests);
  const lower = lowerTailBound(requests);
  const above = upper === null ? undefined : quantiles.find(({ share }) => share * timed >= upper - 1e-6);
  const below = lower === null ? undefined : quantiles.findLast(({ share }) => share * timed + cutOff <= lower + 1e-6);
  if (requests >= MIN_COUNT_TO_FAIL && below && below.ms > limitMs) return decided('LatencyAboveLimit', 'fail', 'already', below);
  // The latency of a request that was sent late counts from its scheduled send time.
  const atMost = above && above.ms + deviationMs;
  if (above && atMost !== undefined && atMost <= limitMs && notOpen === null) return decided('LatencyWithinLimit', 'pass', 'still', above);
  const undecided = (reason: string): Finding => finding('LatencyUndecided', 'inconclusive', `${sentence}, but ${reason}`);
  if (requests < MIN_COUNT_FOR_P99)
    return undecided(`only ${count(requests)} requests were sent, and a p99 needs at least ${MIN_COUNT_FOR_P99}`);
  if (notOpen !== null) return undecided(notOpen);
  if (atMost !== undefined) {
    const cause =
      deviationMs > 0 ? `send times deviate up to ${latency(deviationMs)} from an even rate, so` : `from ${count(requests)} requests`;
    return undecided(`${cause} the true p99 may be as high as ${besideLimit(atMost, limitMs, 'ms')[0]}`);
  }
  return undecided(
    upper !== null && upper > timed
      ? `${count(unanswered + cutOff)} of ${count(requests)} requests got no response, so the true p99 has no upper bound`
      : 'no reported percentile is an upper bound',
  );
}

/** `p95`, `p99.0625`. */
const pointName = (share: number): string => (share === 1 ? 'the maximum' : `p${measuredValue(100 * share)}`);

function judgeErrors(
  { endpoint, requests, failed, failedAtLeast }: ReportedEndpoint,
  limitPercent: number,
  notOpen: string | null,
): Finding {
  const measured = !requests || failed === null ? null : measuredValue((100 * failed) / requests);
  const finding = (code: FindingCode, outcome: Outcome, message: string): Finding =>
    builders[outcome](code, endpoint, message, { measured, limit: limitPercent, unit: '%' });
  if (failed === null)
    return finding('ErrorRateUndecided', 'inconclusive', `the report does not contain the failed requests of ${endpoint}`);
  if (requests === null)
    return finding(
      'ErrorRateUndecided',
      'inconclusive',
      `${count(failed)} requests of ${endpoint} failed, but the report does not contain the number of all`,
    );
  if (measured === null) return finding('ErrorRateUndecided', 'inconclusive', `${endpoint} got no request, so its error rate is unknown`);
  const bounds = wilson(failed, requests, CONFIDENCE);
  const atLeast = failedAtLeast ? 'at least ' : '';
  const sentence =
    `error rate of ${endpoint} is ${atLeast}${withLimit(measured, limitPercent, '%')} ` +
    `(${count(failed)} of ${count(requests)} requests failed)`;
  if (100 * bounds.lower > limitPercent) return finding('ErrorRateAboveLimit', 'fail', sentence);
  if (100 * bounds.upper <= limitPercent && notOpen === null && !failedAtLeast) return finding('ErrorRateWithinLimit', 'pass', sentence);
  const reason = failedAtLeast
    ? 'requests without a response are not in the report'
    : (notOpen ?? `with so few requests the true rate may be as high as ${besideLimit(100 * bounds.upper, limitPercent, '%')[0]}`);
  return finding('ErrorRateUndecided', 'inconclusive', `${sentence}, but ${reason}`);
}

/** The value of a quantile by nearest rank, where a point with exactly its rank is known; else null. */
function at(quantiles: readonly Quantile[], share: number, requests: number | null): number | null {
  const exact = quantiles.find((quantile) => Math.abs(quantile.share - share) < 1e-9);
  if (exact) return exact.ms;
  if (!requests) return null;
  const rank = nearestRank(requests, share);
  return quantiles.find((quantile) => Math.abs(quantile.share * requests - rank) < 1e-6)?.ms ?? null;
}

/**
 * Quantiles of raw values, with every rank that decides.
 * @param requests number of all requests; those without a value rank last.
 */
export function decidingQuantiles(values: Float64Array, requests = values.length): Quantile[] {
  const n = values.length;
  if (n === 0) return [];
  const ranks = [0.5, 0.9, 0.95, 0.99, 0.999].map((share) => nearestRank(n, share));
  return quantilesOf(values, [...ranks, upperTailBound(requests) ?? n, lowerTailBound(requests) ?? 0]);
}

const roundedOrNull = (value: number | null): number | null => (value === null ? null : rounded(value));
