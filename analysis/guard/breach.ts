// Everything that fails a watch after a sample: nobody is served, a limit is broken, restarts, and blindness that lasts.
import type { Finding } from '../../verdict/finding.ts';
import { count, ms, percent } from '../load-test/sentences.ts';
import { binomialTail } from '../statistics/index.ts';
import { guardFinding, seconds, tidy } from './finding.ts';
import { restartBreach } from './restarts.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { notServing, servingBreach } from './serving.ts';
import type { GuardTally } from './tally.ts';
import { quietSentence } from './traffic.ts';

/** Fewer requests may be one cold start (connections, caches): nothing is rolled back on them. */
const MIN_REQUESTS_TO_BREACH = 30;
/** The p99 limit in counts: at most this share of requests may be slower. */
export const SLOW_SHARE = 0.01;
/** Two limits are tested at each sample, and either may give a false alarm. */
const LIMITS_PER_SAMPLE = 2;

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

/**
 * Limits that are surely broken after this sample. Each limit is tested at each sample with the exact binomial tail, P(X >= seen | n, limit),
 * against the false-alarm chance divided by samples and limits (Bonferroni: over the longest watch a version that keeps its limits is rolled
 * back with at most that chance, however often one samples).
 */
function limitBreach(tally: GuardTally, limits: GuardLimits): Finding[] {
  const { requests, errors, slow } = tally;
  const chance = limits.falseAlarmPercent / 100 / (limits.plannedSamples * LIMITS_PER_SAMPLE);
  const breaks = (seen: number, share: number) =>
    requests >= MIN_REQUESTS_TO_BREACH && seen > requests * share && binomialTail(seen, requests, share) < chance;
  const findings: Finding[] = [];
  if (breaks(errors, limits.errorPercent / 100)) {
    const measured = (100 * errors) / requests;
    findings.push(
      guardFinding(
        limits,
        'ErrorRateAboveLimit',
        'fail',
        [tidy(measured), limits.errorPercent, '%'],
        `error rate of ${limits.subject} is ${percent(measured)}, limit ${percent(limits.errorPercent)} (${count(errors)} of ${count(requests)} requests failed)`,
      ),
    );
  }
  if (breaks(slow, SLOW_SHARE)) {
    const share = (100 * slow) / requests;
    const p99Ms = tally.p99S === null ? null : tally.p99S * 1_000;
    const slower = `${count(slow)} of ${count(requests)} requests took longer than ${ms(limits.p99Ms)}, 1 % may`;
    findings.push(
      p99Ms !== null && p99Ms > limits.p99Ms
        ? guardFinding(
            limits,
            'LatencyAboveLimit',
            'fail',
            [tidy(p99Ms), limits.p99Ms, 'ms'],
            `p99 of ${limits.subject} is ${ms(p99Ms, limits.p99Ms)}, limit ${ms(limits.p99Ms)} (${slower})`,
          )
        : guardFinding(
            limits,
            'LatencyAboveLimit',
            'fail',
            [tidy(share), 100 * SLOW_SHARE, '%'],
            `p99 of ${limits.subject} is above its limit ${ms(limits.p99Ms)}: ${slower}`,
          ),
    );
  }
  return findings;
}

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
