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
    judgeErrors(endpoint, limits.errorPercent),
  ]);
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
        rows: report.endpoints.map(({ endpoint, requests, failed, quantiles }) => [
          endpoint,
          requests,
          failed,
          ...[0.5, 0.95, 0.99].map((share) => rounded(at(quantiles, share, requests))),
          rounded(quantiles.at(-1)?.share === 1 ? (quantiles.at(-1)?.ms ?? null) : null),
        ]),
        notes,
      },
    ],
  };
}

function closedNote({ model, tool }: LoadReport): string {
  return model === 'closed'
    ? `${tool} waited for each answer before the next request: what would have come meanwhile is not measured, so p99 can fail here but never pass`
    : `${tool} does not say whether requests waited for each other, so p99 can fail here but never pass`;
}

function judgeLatency(endpoint: ReportedEndpoint, { model }: LoadReport, limitMs: number): Finding {
  const { endpoint: name, requests, quantiles } = endpoint;
  const p99 = at(quantiles, 0.99, requests);
  const say = (code: string, outcome: Outcome, message: string): Finding =>
    finding(code, name, outcome, p99 === null ? null : Number(p99.toPrecision(6)), limitMs, 'ms', message);
  if (requests === 0) return say('LatencyUndecided', 'inconclusive', `${name} got no request, so its p99 is not known`);
  const upper = upperTailBound(requests);
  const lower = lowerTailBound(requests);
  const above = upper === null ? null : (quantiles.find(({ share }) => share * requests >= upper - 1e-6)?.ms ?? null);
  const below = lower === null ? null : (quantiles.findLast(({ share }) => share * requests <= lower + 1e-6)?.ms ?? null);
  const sentence =
    p99 === null ? `p99 of ${name} is not told, limit ${ms(limitMs)}` : `p99 of ${name} is ${ms(p99, limitMs)}, limit ${ms(limitMs)}`;
  if (requests >= LEAST_COUNT_TO_FAIL && below !== null && below > limitMs) return say('LatencyAboveLimit', 'fail', sentence);
  if (above !== null && above <= limitMs && model === 'open') return say('LatencyWithinLimit', 'pass', sentence);
  const why =
    requests < LEAST_COUNT_FOR_P99
      ? `only ${count(requests)} requests were sent and ${LEAST_COUNT_FOR_P99} are the least a p99 can be known from`
      : model !== 'open'
        ? 'a closed model keeps load away while it waits, so it can never pass'
        : above === null
          ? 'no percentile is told that bounds it from above'
          : `from ${count(requests)} requests the true p99 may be as high as ${ms(above, limitMs)}`;
  return say('LatencyUndecided', 'inconclusive', `${sentence}, but ${why}`);
}

function judgeErrors({ endpoint, requests, failed }: ReportedEndpoint, limitPercent: number): Finding {
  const measured = requests === 0 || failed === null ? null : Number(((100 * failed) / requests).toPrecision(6));
  const say = (code: string, outcome: Outcome, message: string): Finding =>
    finding(code, endpoint, outcome, measured, limitPercent, '%', message);
  if (failed === null) return say('ErrorRateUndecided', 'inconclusive', `the report does not tell which requests of ${endpoint} failed`);
  if (measured === null) return say('ErrorRateUndecided', 'inconclusive', `${endpoint} got no request, so its error rate is not known`);
  const bounds = wilson(failed, requests, CONFIDENCE);
  const sentence = `error rate of ${endpoint} is ${percent(measured)}, limit ${percent(limitPercent)} (${count(failed)} of ${count(requests)} requests failed)`;
  if (100 * bounds.lower > limitPercent) return say('ErrorRateAboveLimit', 'fail', sentence);
  if (100 * bounds.upper <= limitPercent) return say('ErrorRateWithinLimit', 'pass', sentence);
  return say(
    'ErrorRateUndecided',
    'inconclusive',
    `${sentence}, but from so few requests the true rate may be as high as ${percent(100 * bounds.upper)}`,
  );
}

/** The value of a quantile by nearest rank, where a point at exactly its rank is known; else null. */
function at(quantiles: readonly Quantile[], share: number, requests: number): number | null {
  const exact = quantiles.find((quantile) => Math.abs(quantile.share - share) < 1e-9);
  if (exact) return exact.ms;
  const rank = requests === 0 ? 0 : nearestRank(requests, share);
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
