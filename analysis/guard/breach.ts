// Everything that fails a watch: nothing serves, a limit is broken, restarts, or no usable sample for too long.
import { fail, type Finding } from '../../verdict/finding.ts';
import { besideLimit, count, latency, measured as measuredValue, withLimit } from '../../verdict/wording/index.ts';
import { inSeconds, seconds } from './seconds.ts';
import type { GuardTally } from './guard-tally.ts';
import { excessOf, type Excess } from './rates.ts';
import { restartBreach } from './restarts.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { notServing, servingBreach } from './serving.ts';
import { quietMessage } from './traffic.ts';

/** The p99 limit in counts: at most this share of requests may be slower. */
export const SLOW_SHARE = 0.01;

/** Breaches after this sample; empty without any. */
export function breachOf(tally: GuardTally, sample: GuardSample, limits: GuardLimits): Finding[] {
  return [
    ...servingBreach(tally.serving, limits),
    ...hangingBreach(tally, sample, limits),
    ...limitBreach(tally, limits),
    ...restartBreach(tally.restarts, limits),
    ...blindBreach(tally, sample.atMs, limits),
  ];
}

/** Limits that are certainly broken, with the counts that prove it. */
function limitBreach(tally: GuardTally, limits: GuardLimits): Finding[] {
  const errors = excessOf(tally, 'errors', limits.errorPercent / 100, limits);
  const slow = excessOf(tally, 'slow', SLOW_SHARE, limits);
  return [...(errors === null ? [] : [tooManyErrors(errors, limits)]), ...(slow === null ? [] : [tooSlow(slow, limits)])];
}

function tooManyErrors({ bad, requests, ms: lengthMs }: Excess, limits: GuardLimits): Finding {
  const measured = measuredValue((100 * bad) / requests);
  const counted = `${count(bad)} of ${count(requests)} requests failed${inTheLast(lengthMs)}`;
  return fail(
    'ErrorRateAboveLimit',
    limits.subject,
    `error rate of ${limits.subject} is ${withLimit(measured, limits.errorPercent, '%')} (${counted})`,
    { measured, limit: limits.errorPercent, unit: '%' },
  );
}

/** By counts alone: Prometheus gives the p99 of the whole watch, not of the tested windows. */
function tooSlow({ bad, requests, ms: lengthMs }: Excess, limits: GuardLimits): Finding {
  const measured = measuredValue((100 * bad) / requests);
  const [share, limit] = besideLimit(measured, 100 * SLOW_SHARE, '%');
  const counted = `${count(bad)} of ${count(requests)}${inTheLast(lengthMs)}`;
  return fail(
    'LatencyAboveLimit',
    limits.subject,
    `p99 of ${limits.subject} is above its limit ${latency(limits.p99Ms)}: ${share} of requests took longer, limit ${limit} (${counted})`,
    { measured, limit: 100 * SLOW_SHARE, unit: '%' },
  );
}

const inTheLast = (lengthMs: number | null): string => (lengthMs === null ? '' : ` in the last ${inSeconds(lengthMs)}`);

/** Requests stopped while the health check fails or requests pile up: they arrive and are not answered. One whole window is enough. */
function hangingBreach({ silent, serving, traffic: { quiet } }: GuardTally, { health }: GuardSample, limits: GuardLimits): Finding[] {
  if (!silent || quiet === null || (health.ok && quiet.hanging === 0)) return [];
  // Already reported: nothing has served for long enough.
  if (servingBreach(serving, limits).some(({ code }) => code === 'ServiceNotServing')) return [];
  const reason = health.ok ? `${count(quiet.hanging)} more requests in flight than normal` : `health check failed: ${health.detail}`;
  return [notServing(limits, quiet.ms, `${quietMessage(quiet)}, ${reason}`)];
}

/**
 * A version that is live without usable samples for too long is rolled back, counted from the last usable sample. A worker that was away
 * itself first takes samples for `noDataAfter`.
 */
function blindBreach({ blindMs, firstBlindMs, trouble }: GuardTally, atMs: number, limits: GuardLimits): Finding[] {
  const { subject, liveDeadlineMs, noDataAfterMs } = limits;
  if (blindMs < liveDeadlineMs || firstBlindMs === null || atMs - firstBlindMs < noDataAfterMs) return [];
  const [blindS, limitS] = [seconds(blindMs), seconds(liveDeadlineMs)];
  const message = `${subject} has been live without usable samples for ${withLimit(blindS, limitS, 's')}: ${trouble?.message ?? 'no data'}`;
  return [fail('GuardBlindTooLong', limits.subject, message, { measured: blindS, limit: limitS, unit: 's' })];
}
