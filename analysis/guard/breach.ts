// Everything that fails a watch after a sample: nobody is served, a limit is broken, restarts, and blindness that lasts.
import type { Finding } from '../../verdict/finding.ts';
import { count, ms, percent } from '../load-test/sentences.ts';
import { guardFinding, seconds, tidy } from './finding.ts';
import { excessOf, type Excess } from './rates.ts';
import { restartBreach } from './restarts.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { notServing, servingBreach } from './serving.ts';
import type { GuardTally } from './tally.ts';
import { quietSentence } from './traffic.ts';

/** The p99 limit in counts: at most this share of requests may be slower. */
export const SLOW_SHARE = 0.01;

/** Breaches after this sample, or none. */
export function breachOf(tally: GuardTally, sample: GuardSample, limits: GuardLimits): Finding[] {
  return [
    ...servingBreach(tally.serving, limits),
    ...hangingBreach(tally, sample, limits),
    ...limitBreach(tally, limits),
    ...restartBreach(tally.restarts, limits),
    ...blindBreach(tally, sample.atMs, limits),
  ];
}

/** Limits that are surely broken after this sample, with the counts that show it. */
function limitBreach(tally: GuardTally, limits: GuardLimits): Finding[] {
  const errors = excessOf(tally, 'errors', limits.errorPercent / 100, limits);
  const slow = excessOf(tally, 'slow', SLOW_SHARE, limits);
  return [...(errors === null ? [] : [tooManyErrors(errors, limits)]), ...(slow === null ? [] : [tooSlow(slow, limits)])];
}

function tooManyErrors({ bad, requests, ms: lengthMs }: Excess, limits: GuardLimits): Finding {
  const measured = (100 * bad) / requests;
  const counted = `${count(bad)} of ${count(requests)} requests failed${inTheLast(lengthMs)}`;
  return guardFinding(
    limits,
    'ErrorRateAboveLimit',
    'fail',
    [tidy(measured), limits.errorPercent, '%'],
    `error rate of ${limits.subject} is ${percent(measured)}, limit ${percent(limits.errorPercent)} (${counted})`,
  );
}

/** In counts alone: the p99 that Prometheus gives is of the whole watch, and not of the windows that were tested. */
function tooSlow({ bad, requests, ms: lengthMs }: Excess, limits: GuardLimits): Finding {
  const measured = (100 * bad) / requests;
  const counted = `${count(bad)} of ${count(requests)}${inTheLast(lengthMs)}`;
  return guardFinding(
    limits,
    'LatencyAboveLimit',
    'fail',
    [tidy(measured), 100 * SLOW_SHARE, '%'],
    `p99 of ${limits.subject} is above its limit ${ms(limits.p99Ms)}: ${percent(measured)} of requests took longer, limit 1 % (${counted})`,
  );
}

const inTheLast = (lengthMs: number | null): string => (lengthMs === null ? '' : ` in the last ${seconds(lengthMs)} s`);

/** Requests stopped while the health page fails or requests pile up: they arrive, and nobody answers them. One whole window is enough. */
function hangingBreach({ silent, serving, traffic: { quiet } }: GuardTally, { health }: GuardSample, limits: GuardLimits): Finding[] {
  if (!silent || quiet === null || (health.ok && quiet.hanging === 0)) return [];
  // Reported once: nothing has served for long enough anyway.
  if (servingBreach(serving, limits).some(({ code }) => code === 'ServiceNotServing')) return [];
  const why = health.ok ? `${count(quiet.hanging)} more requests hang than before` : `its health page answers: ${health.detail}`;
  return [notServing(limits, quiet.ms, `${quietSentence(quiet)}, and ${why}`)];
}

/**
 * A version that is live and unwatched for so long is rolled back. Counted from the last sample that saw; a worker that was away itself
 * first takes samples for as long as data may be missing anyway.
 */
function blindBreach({ blindMs, firstBlindMs, trouble }: GuardTally, atMs: number, limits: GuardLimits): Finding[] {
  const { subject, liveDeadlineMs, noDataAfterMs } = limits;
  if (blindMs < liveDeadlineMs || firstBlindMs === null || atMs - firstBlindMs < noDataAfterMs) return [];
  const [blindS, limitS] = [seconds(blindMs), seconds(liveDeadlineMs)];
  const message = `${subject} has been live and unwatched for ${blindS} s, limit ${limitS} s: ${trouble?.sentence ?? 'no data'}`;
  return [guardFinding(limits, 'GuardBlindTooLong', 'fail', [blindS, limitS, 's'], message)];
}
