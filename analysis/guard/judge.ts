// What the watch after a launch means. Pure: looks and limits in, findings out.
import type { Fact, Finding } from '../../verdict/finding.ts';
import { count, ms, percent } from '../load-test/sentences.ts';
import { binomialTail, CONFIDENCE, wilson } from '../statistics/index.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { addSample, EMPTY_TALLY, type GuardTally } from './tally.ts';

/** Fewer requests may be one cold start (connections, caches): nothing is rolled back on them. */
const LEAST_REQUESTS_TO_BREACH = 30;
/** The p99 limit in counts: at most this share of requests may be slower. */
const SLOW_SHARE = 0.01;
/** Two limits are looked at at each look, and either may give a false alarm. */
const LIMITS_PER_LOOK = 2;
/** One restart may be an accident of the node; a second one, of the same pod or another, is the version. */
const RESTARTS_TO_BREACH = 2;
/** Looks do not fall on the exact end of the bake time. */
const LOOKS_SHORT_OF_THE_END = 2;

/**
 * Breaches that are certain after this look: fail findings, or none. Each limit is tested at each look with the exact binomial tail,
 * P(X >= seen | n, limit), against the false-alarm chance divided by looks and limits (Bonferroni: over the whole bake time a version
 * that keeps its limits is rolled back with at most that chance, however often one looks).
 */
export function guardBreach(tally: GuardTally, limits: GuardLimits): Finding[] {
  const { requests, errors, slow } = tally;
  const chance = limits.falseAlarmPercent / 100 / (limits.plannedLooks * LIMITS_PER_LOOK);
  const breaks = (seen: number, share: number) =>
    requests >= LEAST_REQUESTS_TO_BREACH && seen > requests * share && binomialTail(seen, requests, share) < chance;
  const findings: Finding[] = [];
  if (breaks(errors, limits.errorPercent / 100)) {
    const measured = (100 * errors) / requests;
    findings.push(
      fail(
        'ErrorRateAboveLimit',
        limits,
        tidy(measured),
        limits.errorPercent,
        '%',
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
        ? fail(
            'LatencyAboveLimit',
            limits,
            tidy(p99Ms),
            limits.p99Ms,
            'ms',
            `p99 of ${limits.subject} is ${ms(p99Ms, limits.p99Ms)}, limit ${ms(limits.p99Ms)} (${slower})`,
          )
        : fail(
            'LatencyAboveLimit',
            limits,
            tidy(share),
            100 * SLOW_SHARE,
            '%',
            `p99 of ${limits.subject} is above its limit ${ms(limits.p99Ms)}: ${slower}`,
          ),
    );
  }
  if (restartsOf(tally) >= RESTARTS_TO_BREACH) findings.push(restarts(tally, limits, 'fail'));
  return findings;
}

/** True when data have been missing for longer than allowed. */
export const isBlind = (tally: GuardTally, { noDataAfterMs }: GuardLimits): boolean => tally.longestBlindMs > noDataAfterMs;

/**
 * Judges a whole watch. A breach at any look fails, also when later looks diluted it. Data missing for too long is `GuardNoData`,
 * a watch that was cut short or saw too few requests to bound both shares is `GuardUndecided`; neither is ever a pass.
 */
export function judgeGuard(samples: readonly GuardSample[], limits: GuardLimits, evidence: string[] = []): Finding[] {
  let tally = EMPTY_TALLY;
  let breach: Finding[] = [];
  for (const sample of samples) {
    tally = addSample(tally, sample, limits.noDataAfterMs);
    const now = guardBreach(tally, limits);
    if (now.length >= breach.length) breach = now.length > 0 ? now : breach;
  }
  const findings = [...breach];
  if (restartsOf(tally) > 0 && !breach.some(({ code }) => code === 'PodsRestarted')) findings.push(restarts(tally, limits, 'inconclusive'));
  if (isBlind(tally, limits) || tally.looks === 0) findings.push(noData(tally, limits));
  else if (breach.length === 0) findings.push(judgeEnd(tally, limits));
  return findings.map((finding) => ({ ...finding, evidence }));
}

/** The end of a watch that saw no breach: passes only when both upper bounds keep their limits. */
function judgeEnd(tally: GuardTally, limits: GuardLimits): Finding {
  const { requests, errors, slow, watchedMs } = tally;
  const { subject } = limits;
  const seconds = Math.round(watchedMs / 1_000);
  const undecided = (why: string): Finding =>
    finding(
      'GuardUndecided',
      limits,
      'inconclusive',
      requests,
      limits.minRequests,
      'requests',
      `the guard of ${subject} cannot tell after ${count(requests)} requests in ${seconds} s: ${why}`,
    );
  if (watchedMs < limits.watchMs - LOOKS_SHORT_OF_THE_END * limits.intervalMs)
    return undecided(`it was to watch for ${Math.round(limits.watchMs / 1_000)} s`);
  if (requests < limits.minRequests) return undecided(`${count(limits.minRequests)} are the least to decide on`);
  const errorBound = 100 * wilson(errors, requests, CONFIDENCE).upper;
  // A limit of 0 % asks for a watch without errors; no sample could bound the rate itself by 0.
  const errorsKept = errorBound <= limits.errorPercent || (limits.errorPercent === 0 && errors === 0);
  if (!errorsKept)
    return undecided(
      `${count(errors)} failed, so the true error rate may be as high as ${percent(errorBound)}, limit ${percent(limits.errorPercent)}`,
    );
  const slowBound = wilson(slow, requests, CONFIDENCE).upper;
  if (slowBound > SLOW_SHARE)
    return undecided(
      `${count(slow)} took longer than ${ms(limits.p99Ms)}, so the true share may be as high as ${percent(100 * slowBound)}, and 1 % may`,
    );
  return finding(
    'GuardPassed',
    limits,
    'pass',
    requests,
    limits.minRequests,
    'requests',
    `${subject} keeps its limits: ${guardLine(tally, limits)}`,
  );
}

/** The one line of the story: `60 s: 17,940 requests, 2 errors (0.011 % ≤ 0.1 %), p99 219 ms`. */
export function guardFact(tally: GuardTally, limits: GuardLimits): Fact {
  const { requests, errors, slow, watchedMs, p99S } = tally;
  return {
    subject: 'guard',
    text: guardLine(tally, limits),
    values: { seconds: Math.round(watchedMs / 1_000), requests, errors, slow, ...(p99S === null ? {} : { p99Ms: tidy(p99S * 1_000) }) },
  };
}

function guardLine({ requests, errors, slow, watchedMs, p99S }: GuardTally, { errorPercent, p99Ms }: GuardLimits): string {
  const measured = requests === 0 ? null : (100 * errors) / requests;
  const rate = measured === null ? '' : ` (${percent(measured)} ${measured <= errorPercent ? '≤' : '>'} ${percent(errorPercent)})`;
  const tail = p99S === null ? '' : `, p99 ${ms(p99S * 1_000, p99Ms)}`;
  return `${Math.round(watchedMs / 1_000)} s: ${count(requests)} requests, ${count(errors)} errors${rate}, ${count(slow)} slower than ${ms(p99Ms)}${tail}`;
}

function noData(tally: GuardTally, limits: GuardLimits): Finding {
  const seconds = Math.round(tally.longestBlindMs / 1_000);
  const limitS = limits.noDataAfterMs / 1_000;
  const why = tally.trouble?.sentence ?? 'nothing was asked';
  return finding(
    'GuardNoData',
    limits,
    'inconclusive',
    seconds,
    limitS,
    's',
    `the guard could not see ${limits.subject} for ${seconds} s, limit ${limitS} s: ${why}`,
  );
}

function restarts(tally: GuardTally, limits: GuardLimits, outcome: 'fail' | 'inconclusive'): Finding {
  const pods = Object.entries(tally.restarts).map(([pod, times]) => `${pod} ${times === 1 ? 'once' : `${times} times`}`);
  return finding(
    'PodsRestarted',
    limits,
    outcome,
    restartsOf(tally),
    0,
    'restarts',
    `containers of ${limits.subject} restarted while it was watched: ${pods.sort().join(', ')}`,
  );
}

const restartsOf = ({ restarts: seen }: GuardTally): number => Object.values(seen).reduce((sum, times) => sum + times, 0);

const fail = (code: string, limits: GuardLimits, measured: number, limit: number, unit: string, message: string): Finding =>
  finding(code, limits, 'fail', measured, limit, unit, message);

function finding(
  code: string,
  { subject }: GuardLimits,
  outcome: Finding['outcome'],
  measured: number,
  limit: number,
  unit: string,
  message: string,
): Finding {
  return { code, subject, outcome, measured, limit, unit, message, evidence: [] };
}

/** Six digits say all that was measured. */
const tidy = (value: number): number => Number(value.toPrecision(6));
