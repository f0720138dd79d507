// Judges the watch after a launch. Pure: samples and limits in, findings out.
import { inconclusive, pass, type Fact, type Finding } from '../../verdict/finding.ts';
import { besideLimit, count, latency, measured as measuredValue, withLimit } from '../../verdict/wording/index.ts';
import { inBursts } from '../statistics/in-bursts.ts';
import { burstSize, CONFIDENCE, wilson } from '../statistics/index.ts';
import { SLOW_SHARE } from './breach.ts';
import { inSeconds, seconds } from './seconds.ts';
import type { GuardTally } from './guard-tally.ts';
import { LAST_WINDOWS, lastWindows, type Excess } from './rates.ts';
import { restartedPods, restartsOf } from './restarts.ts';
import type { GuardLimits } from './sample.ts';
import { whyTooFew } from './serving.ts';
import { lastThirdMs } from './tally.ts';
import { floorOf, quietFloor } from './traffic.ts';

/** True without a usable sample for longer than allowed. Only present blindness counts: a gap that is over decides nothing. */
export const isBlind = ({ trouble, blindMs }: GuardTally, { noDataAfterMs }: GuardLimits): boolean =>
  trouble !== null && blindMs >= noDataAfterMs;

/**
 * The findings of a watch so far. A breach fails. Blind is `GuardNoData`, or `GuardNoTraffic` where requests stopped; a watch that is not
 * over or has too few requests is `GuardUndecided`. None of these ever passes.
 */
export function findingsOf(tally: GuardTally, limits: GuardLimits, evidence: string[] = []): Finding[] {
  const findings = tally.breach.length > 0 ? tally.breach : [judgeEnd(tally, limits)];
  return findings.map((finding) => ({ ...finding, evidence }));
}

/**
 * The end of a watch without a breach: passes only with samples to the end, both upper bounds within their limits, and enough Ready pods.
 */
export function judgeEnd(tally: GuardTally, limits: GuardLimits): Finding {
  if (isBlind(tally, limits) || tally.seenSamples === 0) return tally.silent ? noTraffic(tally, limits) : noData(tally, limits);
  const reason = whyUndecided(tally, limits);
  const { requests, watchedMs } = tally;
  const { subject, minRequests } = limits;
  return reason === null
    ? pass('GuardPassed', limits.subject, `${subject} keeps its limits: ${guardLine(tally, limits)}`, {
        measured: requests,
        limit: minRequests,
        unit: 'requests',
      })
    : inconclusive(
        'GuardUndecided',
        limits.subject,
        `the guard of ${subject} is undecided after ${count(requests)} requests in ${inSeconds(watchedMs)}: ${reason}`,
        { measured: requests, limit: minRequests, unit: 'requests' },
      );
}

/** Why a watch has not passed yet; null when it has. */
function whyUndecided(tally: GuardTally, limits: GuardLimits): string | null {
  const { requests, watchedMs, bake, trouble } = tally;
  if (trouble !== null) return `the last sample has no usable data: ${trouble.message}`;
  const bakedMs = watchedMs - bake.watchedMs;
  const again = restartsOf(tally.restarts) > 0 ? ` since the restart of ${restartedPods(tally.restarts)}` : '';
  if (bakedMs < limits.bakeMs) return `${inSeconds(bakedMs)} of ${inSeconds(limits.bakeMs)} are watched${again}`;
  const decidedOn = requests - bake.requests;
  if (decidedOn < limits.minRequests) return `${count(decidedOn)} requests${again}, at least ${count(limits.minRequests)} are needed`;
  return whyAboveBounds(tally, limits) ?? whyAboveAtTheEnd(tally, limits) ?? whyTooFew(tally.serving) ?? whyQuietAtTheEnd(tally, limits);
}

/** Requests that fail in bursts bound a rate only as well as fewer independent ones. */
function whyAboveBounds({ requests, errors, slow, windows }: GuardTally, { errorPercent, p99Ms }: GuardLimits): string | null {
  const [errorBurst, slowBurst] = [burstSize(windows.errors), burstSize(windows.slow)];
  const errorBound = 100 * wilson(errors, requests, CONFIDENCE, errorBurst).upper;
  // A limit of 0 % asks for a watch without errors; no sample could bound the rate itself by 0.
  const errorsKept = errorBound <= errorPercent || (errorPercent === 0 && errors === 0);
  if (!errorsKept) {
    const bursts = inBursts(`${count(errors)} errors`, errorBurst, requests);
    return (
      `${bursts === null ? `${count(errors)} failed, so` : `${bursts} and`} ` +
      `the true error rate may be as high as ${withLimit(errorBound, errorPercent, '%')}`
    );
  }
  const slowBound = wilson(slow, requests, CONFIDENCE, slowBurst).upper;
  if (slowBound <= SLOW_SHARE) return null;
  const bursts = inBursts(`${count(slow)} requests slower than ${latency(p99Ms)}`, slowBurst, requests);
  return (
    `${bursts === null ? `${count(slow)} took longer than ${latency(p99Ms)}, so` : `${bursts} and`} ` +
    `the true share of slow requests may be as high as ${withLimit(100 * slowBound, 100 * SLOW_SHARE, '%')}`
  );
}

/** Recent failures are diluted in the whole watch, so the last windows must keep both limits too. */
function whyAboveAtTheEnd(tally: GuardTally, { errorPercent, p99Ms }: GuardLimits): string | null {
  for (const length of LAST_WINDOWS) {
    const failed = aboveAtTheEnd(lastWindows(tally, 'errors', length), errorPercent / 100, 'failed');
    const slow = aboveAtTheEnd(lastWindows(tally, 'slow', length), SLOW_SHARE, `took longer than ${latency(p99Ms)}`);
    if (failed !== null || slow !== null) return failed ?? slow;
  }
  return null;
}

/** `0.13 % of requests failed in the last 45 s (6 of 4,509), limit 0.1 %`; null where the last windows keep the limit. */
function aboveAtTheEnd({ bad, requests, ms: lengthMs }: Excess, share: number, what: string): string | null {
  if (bad <= requests * share) return null;
  const [rate, limit] = besideLimit((100 * bad) / requests, 100 * share, '%');
  const counted = `in the last ${inSeconds(lengthMs ?? 0)} (${count(bad)} of ${count(requests)})`;
  return `${rate} of requests ${what} ${counted}, limit ${limit}`;
}

/** A good start does not pass a version that has answered nobody since. */
function whyQuietAtTheEnd({ requests, watchedMs, marks, traffic }: GuardTally, limits: GuardLimits): string | null {
  const stretchMs = lastThirdMs(limits);
  const start = marks.findLast((mark) => watchedMs - mark.watchedMs >= stretchMs);
  const late = start === undefined ? 0 : requests - start.requests;
  const floor = floorOf(traffic, stretchMs, limits);
  return late >= floor ? null : `${count(late)} requests in the last ${inSeconds(stretchMs)}, at least ${count(floor)} are needed`;
}

/** The counts, and what does not decide but matters: restarts and pods that are not Ready. */
export function guardFacts(tally: GuardTally, limits: GuardLimits): Fact[] {
  const { requests, errors, slow, watchedMs, p99S, restarts, serving } = tally;
  const fact = (text: string, values: Fact['values']): Fact => ({ subject: 'guard', text, values });
  return [
    fact(guardLine(tally, limits), {
      seconds: seconds(watchedMs),
      requests,
      errors,
      slow,
      ...(p99S === null ? {} : { p99Ms: measuredValue(p99S * 1_000) }),
    }),
    ...(restartsOf(restarts) > 0
      ? [fact(`restarted: ${restartedPods(restarts)}; the bake began again`, { restarts: restartsOf(restarts) })]
      : []),
    ...(serving.notReady.length > 0 ? [fact(`not Ready: ${serving.notReady.join(', ')}`, { notReadyPods: serving.notReady.length })] : []),
  ];
}

/** `1 m: 17,940 requests, 2 errors (0.011 % ≤ 0.1 %), 0 slower than 300 ms, p99 219 ms`. */
export function guardLine({ requests, errors, slow, watchedMs, p99S }: GuardTally, { errorPercent, p99Ms }: GuardLimits): string {
  const measured = requests === 0 ? null : (100 * errors) / requests;
  const rate = measured === null ? '' : ` (${besideLimit(measured, errorPercent, '%').join(measured <= errorPercent ? ' ≤ ' : ' > ')})`;
  const tail = p99S === null ? '' : `, p99 ${besideLimit(p99S * 1_000, p99Ms, 'ms')[0]}`;
  return `${inSeconds(watchedMs)}: ${count(requests)} requests, ${count(errors)} errors${rate}, ${count(slow)} slower than ${latency(p99Ms)}${tail}`;
}

function noData({ blindMs, trouble }: GuardTally, limits: GuardLimits): Finding {
  const [blindS, limitS] = [seconds(blindMs), limits.noDataAfterMs / 1_000];
  const reason = trouble?.message ?? 'no sample was taken';
  const message = `no usable data of ${limits.subject} for ${withLimit(blindS, limitS, 's')}: ${reason}`;
  return inconclusive('GuardNoData', limits.subject, message, { measured: blindS, limit: limitS, unit: 's' });
}

function noTraffic({ traffic: { quiet }, trouble }: GuardTally, limits: GuardLimits): Finding {
  const [measured, floor] = quiet === null ? [0, 1] : [quiet.requests, quietFloor(quiet)];
  const message = `requests to ${limits.subject} have stopped: ${trouble?.message ?? 'no requests'}, minimum ${count(floor)}`;
  return inconclusive('GuardNoTraffic', limits.subject, message, { measured, limit: floor, unit: 'requests' });
}
