// Whether requests fail more often than their limit while enough of them arrive. A count test over windows, with its false-alarm probability
// over the whole watch; never a ratio of averages. The test is that of the guard (analysis/guard/rates.ts) with a spending of its own.
import { besideLimit, count, duration, measured } from '../../verdict/wording/index.ts';
import { countedSince, type PodCounts } from '../guard/pod-counts.ts';
import { testedExcess, type Spending } from '../guard/rates.ts';
import { readRequests, type Trouble } from '../guard/read-requests.ts';
import { addToWindows, NO_WINDOWS_YET, windowsIn, type Answered, type Windows } from '../guard/windows.ts';
import type { MetricsCondition, TriggerWatch } from './condition.ts';
import { noData, type Reading } from './reading.ts';
import type { MetricsSample } from './sample.ts';

/**
 * All on the present: a trigger is a surge, not the mean of a watch. Only the scan of the last windows, whose probability is that of the whole watch;
 * the product over windows in a row, which the guard uses for 3 and 6 of them, has more false alarms than its alpha in longer rows (35 of 2,000
 * watches at the limit instead of 2). At 1,000 requests/s, samples 2 s apart and a limit of 1 %, errors of 5 % are found within 24 s in a watch of an hour
 * and within 18 s in one of two minutes (metrics.test.ts), where Prometheus
 * scrapes every 2 s: a window is at least as long as the scrape interval.
 */
const SPENDING: Spending = {
  outage: 0.05,
  inARow: [],
  ofTheLast: [
    { length: 6, share: 0.2 },
    { length: 9, share: 0.3 },
    { length: 12, share: 0.3 },
    { length: 24, share: 0.15 },
  ],
  whole: 0,
};
/** With fewer, one error decides whether a limit of 3 % is kept. */
const MIN_REQUESTS = 30;
/** Of `minRate`; below it requests hang or do not arrive, which shows no recovery. Half, so that the noise of a rate at its minimum does not matter. */
const MIN_RATE_SHARE_TO_CLEAR = 0.5;

export interface MetricsTally extends Answered {
  /** Last counters of each pod. */
  last: Record<string, PodCounts>;
  windows: Windows;
  /** A sample has read every Ready pod. */
  complete: boolean;
}

export const NO_METRICS_YET: MetricsTally = { requests: 0, errors: 0, slow: 0, last: {}, windows: NO_WINDOWS_YET, complete: false };

/** Adds a sample, and reads the condition after it. */
export function addMetrics(
  before: MetricsTally,
  sample: MetricsSample,
  condition: MetricsCondition,
  watch: TriggerWatch,
): { tally: MetricsTally; reading: Reading } {
  const { pods, oldestScrapeMs, trouble } = readPods(before, sample, condition, watch);
  const { added, last } = countedSince(before.last, pods, before.complete);
  const present = sample.pods === null ? last : Object.fromEntries(Object.entries(last).filter(([pod]) => isOf(sample, pod)));
  const tally: MetricsTally = {
    requests: before.requests + added.requests,
    errors: before.errors + added.errors,
    slow: 0,
    last: present,
    windows: addToWindows(before.windows, added, sample, oldestScrapeMs),
    complete: before.complete || trouble === null,
  };
  return { tally, reading: trouble === null ? readingOf(tally, sample, condition, watch) : noData(trouble.message) };
}

interface ReadPods {
  /** null for a pod that has no series of the metric yet. */
  pods: Record<string, PodCounts | null>;
  /** Scrape time of the first readable pod, ms on the clock of Prometheus; null when none is readable. */
  oldestScrapeMs: number | null;
  /** Why the data are not complete; null when every pod that serves was read. */
  trouble: Trouble | null;
}

/** The counters of each readable pod of the Deployment. Pods that do not serve count, but need not be readable. */
function readPods(before: MetricsTally, sample: MetricsSample, { noDataAfterMs }: MetricsCondition, { subject }: TriggerWatch): ReadPods {
  const { pods: found, answers, evaluatedAtS, queries } = sample;
  const unread = { query: queries.requests, message: 'no query was sent' };
  if (answers === null || evaluatedAtS === null) return { pods: {}, oldestScrapeMs: null, trouble: sample.trouble ?? unread };
  const listed = found ?? Object.keys(before.last).map((name) => ({ name, serves: false }));
  const pods: ReadPods['pods'] = {};
  const agesMs: number[] = [];
  let trouble = found === null ? (sample.trouble ?? unread) : null;
  if (found !== null && !found.some(({ serves }) => serves))
    trouble = { query: `pods of ${subject}`, message: `no pod of ${subject} is Ready` };
  for (const { name, serves } of listed) {
    const reading = readRequests(queries, answers, name, noDataAfterMs);
    if ('trouble' in reading) {
      if (serves) trouble ??= reading.trouble;
      continue;
    }
    const { counts, ageMs } = reading;
    pods[name] = counts && { ...counts, within: counts.requests };
    agesMs.push(ageMs);
  }
  return { pods, oldestScrapeMs: agesMs.length === 0 ? null : evaluatedAtS * 1_000 - Math.max(...agesMs), trouble };
}

const isOf = ({ pods }: MetricsSample, pod: string): boolean => pods?.some(({ name }) => name === pod) ?? false;

interface Measured {
  requests: number;
  errors: number;
  ms: number;
}

function readingOf(tally: MetricsTally, { queries }: MetricsSample, condition: MetricsCondition, { timeoutMs }: TriggerWatch): Reading {
  const { windowMs, intervalMs, minRatePerSecond, maxErrorPercent, falseAlarmPercent } = condition;
  const now = lastWindow(tally.windows, windowMs);
  const values = valuesOf(now);
  const reading = (state: Reading['state'], message: string): Reading => ({ state, message, values });
  if (now.ms < windowMs)
    return reading('undecided', `${inSeconds(now.ms)} of the window of ${duration(windowMs)} are measured: ${shareOf(now, condition)}`);
  if (now.requests === 0) return noData(`no requests were counted in the last ${inSeconds(now.ms)} (${queries.requests})`);
  const excess = testedExcess(tally, {
    kind: 'errors',
    share: maxErrorPercent / 100,
    windows: windowsIn(timeoutMs, intervalMs),
    alpha: falseAlarmPercent / 100,
    spending: SPENDING,
  });
  const rate = perSecond(now);
  if (excess !== null) {
    const surge: Measured = { requests: excess.requests, errors: excess.bad, ms: excess.ms ?? now.ms };
    if (rate >= minRatePerSecond)
      return { state: 'holds', message: shareOf(surge, condition), values: { ...valuesOf(surge), ...rates(now) } };
    return reading('undecided', `${shareOf(surge, condition)}; ${besideLimit(rate, minRatePerSecond, 'requests/s').join(', minimum ')}`);
  }
  const message = shareOf(now, condition);
  if (now.requests < MIN_REQUESTS) return reading('undecided', `${message}; at least ${MIN_REQUESTS} requests are needed`);
  const minimum = MIN_RATE_SHARE_TO_CLEAR * minRatePerSecond;
  if (rate < minimum) return reading('undecided', `${message}; ${besideLimit(rate, minimum, 'requests/s').join(', minimum ')}`);
  return reading(now.errors > (now.requests * maxErrorPercent) / 100 ? 'undecided' : 'false', message);
}

/** Counts of the last windows that are together at least this long, with the open one; of a shorter watch, all. */
function lastWindow({ recent, open }: Windows, windowMs: number): Measured {
  const sum: Measured = { requests: 0, errors: 0, ms: 0 };
  for (const { requests, errors, ms } of [...recent, open].reverse()) {
    if (sum.ms >= windowMs) break;
    sum.requests += requests;
    sum.errors += errors;
    sum.ms += ms;
  }
  return sum;
}

const perSecond = ({ requests, ms }: Measured): number => (ms === 0 ? 0 : (1_000 * requests) / ms);
const errorPercent = ({ requests, errors }: Measured): number => (requests === 0 ? 0 : (100 * errors) / requests);
const inSeconds = (ms: number): string => duration(1_000 * Math.round(ms / 1_000));

/** `5 % of 1,003 requests/s failed in the last 14 s (702 of 14,040), limit 1 %`. */
function shareOf(now: Measured, { maxErrorPercent }: MetricsCondition): string {
  const [share, limit] = besideLimit(errorPercent(now), maxErrorPercent, '%');
  const counted = `(${count(now.errors)} of ${count(now.requests)})`;
  return `${share} of ${count(perSecond(now))} requests/s failed in the last ${inSeconds(now.ms)} ${counted}, limit ${limit}`;
}

const rates = (now: Measured) => ({ requestsPerSecond: measured(perSecond(now)) });
const valuesOf = (now: Measured): Record<string, number> => ({
  requests: now.requests,
  errors: now.errors,
  errorPercent: measured(errorPercent(now)),
  ...rates(now),
});
