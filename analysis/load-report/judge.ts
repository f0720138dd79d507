// What a load report means under limits. A tool's report gives some points of the distribution; a limit is kept where a point at or above
// the upper bound's rank keeps it, and broken where one at or below the lower bound's rank breaks it.
import type { Finding, Outcome } from '../../verdict/finding.ts';
import type { Analysis } from '../analysis.ts';
import { count, ms, percent } from '../load-test/sentences.ts';
import { CONFIDENCE, LEAST_COUNT_FOR_P99, lowerTailBound, nearestRank, upperTailBound, wilson } from '../statistics/index.ts';
import { quantilesOf, type LoadReport, type Quantile, type ReportedEndpoint } from './report.ts';

export interface ReportLimits {
  p99Ms: number;
  errorPercent: number;
}

const LEAST_COUNT_TO_FAIL = 30;

/** One latency and one error finding per endpoint, and a table. A run of a closed model can fail but never pass. */
export function judgeReport(report: LoadReport, limits: ReportLimits): Analysis {
  const findings = report.endpoints.flatMap((endpoint) => [
    judgeLatency(endpoint, report, limits.p99Ms),
    judgeErrors(endpoint, report, limits.errorPercent),
  ]);
  for (const [metric, thresholds] of report.crossed ?? [])
    findings.push(
      finding(
        'ThresholdCrossed',
        metric,
        'fail',
        null,
        null,
        '',
        `${metric} crossed ${thresholds.length === 1 ? 'a threshold' : 'thresholds'} of the script: ${thresholds.join(', ')}`,
      ),
    );
  if (report.endpoints.length === 0 || report.endpoints.every(({ requests }) => requests === 0))
    findings.unshift(
      finding('LoadRunIncomplete', 'load', 'inconclusive', null, null, '', 'the report holds no request, so nothing is known'),
    );
  if ((report.dropped ?? 0) > 0)
    findings.unshift(
      finding(
        'IterationsDropped',
        'load',
        'inconclusive',
        report.dropped,
        0,
        'iterations',
        `${count(report.dropped ?? 0)} iterations were dropped, limit 0`,
      ),
    );
  const notes = [...report.notes];
  if (report.model !== 'open') notes.push(closedNote(report));
  return {
    findings,
    facts: [],
    tables: [
      {
        title: `${report.tool}, ${report.model === 'unknown' ? 'a model it does not tell' : `${report.model} model`}`,
        columns: ['endpoint', 'requests', 'failed', 'p50', 'p95', 'p99', 'longest'].map((name) => ({
          name,
          unit: /^p\d|longest/u.test(name) ? 'ms' : '',
        })),
        rows: report.endpoints.map(({ endpoint, requests, failed, timed, quantiles }) => [
          endpoint,
          requests,
          failed,
          ...[0.5, 0.95, 0.99].map((share) => rounded(at(quantiles, share, timed ?? requests))),
          rounded(quantiles.at(-1)?.share === 1 ? (quantiles.at(-1)?.ms ?? null) : null),
        ]),
        notes,
      },
    ],
  };
}

function closedNote({ model, tool }: LoadReport): string {
  return model === 'closed'
    ? `${tool} waited for each answer before the next request: what would have come meanwhile is not measured, so it can fail here but never pass`
    : `${tool} does not say whether requests waited for each other, so it can fail here but never pass`;
}

/** Why a report whose load was not open cannot pass. */
const NOT_OPEN = {
  closed: 'a closed model keeps load away while it waits, so it can never pass',
  unknown: 'the report does not say whether the load was open, so it can never pass',
};

function judgeLatency(endpoint: ReportedEndpoint, { model }: LoadReport, limitMs: number): Finding {
  const { endpoint: name, unanswered = 0, quantiles } = endpoint;
  const timed = endpoint.timed ?? endpoint.requests;
  const p99 = at(quantiles, 0.99, timed);
  const say = (code: string, outcome: Outcome, message: string): Finding =>
    finding(code, name, outcome, p99 === null ? null : Number(p99.toPrecision(6)), limitMs, 'ms', message);
  const sentence =
    p99 === null
      ? `p99 of ${name} is not told, limit ${ms(limitMs)}`
      : `p99 of ${name} is ${unanswered > 0 ? 'at least ' : ''}${ms(p99, limitMs)}, limit ${ms(limitMs)}`;
  if (timed === null) return say('LatencyUndecided', 'inconclusive', `${sentence}, but the report does not tell of how many requests`);
  // Those without an answer may have taken any time: they stand behind all others.
  const requests = timed + unanswered;
  if (requests === 0) return say('LatencyUndecided', 'inconclusive', `${name} got no request, so its p99 is not known`);
  const upper = upperTailBound(requests);
  const lower = lowerTailBound(requests);
  const above = upper === null ? null : (quantiles.find(({ share }) => share * timed >= upper - 1e-6)?.ms ?? null);
  const below = lower === null ? null : (quantiles.findLast(({ share }) => share * timed <= lower + 1e-6)?.ms ?? null);
  if (requests >= LEAST_COUNT_TO_FAIL && below !== null && below > limitMs) return say('LatencyAboveLimit', 'fail', sentence);
  if (above !== null && above <= limitMs && model === 'open') return say('LatencyWithinLimit', 'pass', sentence);
  const why =
    requests < LEAST_COUNT_FOR_P99
      ? `only ${count(requests)} requests were sent and ${LEAST_COUNT_FOR_P99} are the least a p99 can be known from`
      : model !== 'open'
        ? NOT_OPEN[model]
        : above !== null
          ? `from ${count(requests)} requests the true p99 may be as high as ${ms(above, limitMs)}`
          : upper !== null && upper > timed
            ? `${count(unanswered)} of ${count(requests)} requests got no answer, so the true p99 may have any length`
            : 'no percentile is told that bounds it from above';
  return say('LatencyUndecided', 'inconclusive', `${sentence}, but ${why}`);
}

function judgeErrors(
  { endpoint, requests, failed, failedAtLeast }: ReportedEndpoint,
  { model }: LoadReport,
  limitPercent: number,
): Finding {
  const measured = !requests || failed === null ? null : Number(((100 * failed) / requests).toPrecision(6));
  const say = (code: string, outcome: Outcome, message: string): Finding =>
    finding(code, endpoint, outcome, measured, limitPercent, '%', message);
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
  const sentence = `error rate of ${endpoint} is ${atLeast}${percent(measured)}, limit ${percent(limitPercent)} (${count(failed)} of ${count(requests)} requests failed)`;
  if (100 * bounds.lower > limitPercent) return say('ErrorRateAboveLimit', 'fail', sentence);
  if (100 * bounds.upper <= limitPercent && model === 'open' && !failedAtLeast) return say('ErrorRateWithinLimit', 'pass', sentence);
  const why = failedAtLeast
    ? 'requests that got no answer are not in the report'
    : model !== 'open'
      ? NOT_OPEN[model]
      : `from so few requests the true rate may be as high as ${percent(100 * bounds.upper)}`;
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

/** Quantiles of raw values, with every rank that decides. */
export function decidingQuantiles(values: Float64Array): Quantile[] {
  const n = values.length;
  if (n === 0) return [];
  const ranks = [0.5, 0.9, 0.95, 0.99, 0.999].map((share) => nearestRank(n, share));
  return quantilesOf(values, [...ranks, upperTailBound(n) ?? n, lowerTailBound(n) ?? 0]);
}

const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(4)));

function finding(
  code: string,
  subject: string,
  outcome: Outcome,
  measured: number | null,
  limit: number | null,
  unit: string,
  message: string,
): Finding {
  return { code, subject, outcome, measured, limit, unit, message, evidence: [] };
}
