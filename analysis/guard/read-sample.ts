// What one sample shows: the counters of each pod, and whether every Ready pod was seen. Missing, stale or contradictory data is trouble, never zero.
import type { GuardAnswers, GuardLimits, GuardPod, GuardSample, PodValue } from './sample.ts';

export interface PodCounts {
  requests: number;
  errors: number;
  within: number;
}

export interface Trouble {
  query: string;
  sentence: string;
}

/** Every Ready pod was seen: when the first and the last of them was scraped, ms on the clock of Prometheus. */
export interface Sight {
  evaluatedMs: number;
  oldestScrapeMs: number;
  newestScrapeMs: number;
  /** null when no pod exports the gauge. */
  inFlight: number | null;
}

type PodReading = { counts: PodCounts | null; ageMs: number } | { trouble: Trouble };

/**
 * A sample sees the launched version when Kubernetes answered, no pod of another template serves beside it, at least one pod is Ready, and
 * each Ready pod is scraped once, freshly, with readable counters. Pods that are Pending, never became Ready or terminate need not be seen.
 */
export function readSight(sample: GuardSample, { image, subject, noDataAfterMs }: GuardLimits): Sight | { trouble: Trouble } {
  const { deployment, answers, trouble, evaluatedAtS } = sample;
  const ofPods = (sentence: string) => ({ trouble: { query: `pods of ${subject}`, sentence } });
  if (deployment !== null && deployment.templateImage !== image)
    return ofPods(`the template of ${subject} asks for ${deployment.templateImage || 'no such container'}, not for the launched ${image}`);
  if (deployment !== null && deployment.others.length > 0) return ofPods(`pod ${deployment.others[0]} of another template still serves`);
  if (deployment === null || answers === null || evaluatedAtS === null)
    return { trouble: trouble ?? { query: '', sentence: 'nothing was asked' } };
  const ready = readyPods(deployment.pods);
  if (ready.length === 0) return ofPods(`no pod of ${subject} is Ready`);

  const evaluatedMs = evaluatedAtS * 1_000;
  const agesMs: number[] = [];
  for (const { name } of ready) {
    const reading = readPod(sample, answers, name, noDataAfterMs);
    if ('trouble' in reading) return reading;
    agesMs.push(reading.ageMs);
  }
  return {
    evaluatedMs,
    oldestScrapeMs: evaluatedMs - Math.max(...agesMs),
    newestScrapeMs: evaluatedMs - Math.min(...agesMs),
    inFlight: answers.inFlight.length === 0 ? null : answers.inFlight.reduce((sum, { value }) => sum + value, 0),
  };
}

/** What can be read of pods, whoever else cannot be seen. */
export interface Counted {
  /** null for a pod that has no series of the metric yet. */
  pods: Record<string, PodCounts | null>;
  /** When the first of those that Kubernetes lists was scraped, ms on the clock of Prometheus; null when none can be read. */
  oldestScrapeMs: number | null;
}

/**
 * Counters of every pod that can be read, also of pods that are not Ready or terminate: their errors are errors of this version. A pod that is gone keeps
 * its last values in Prometheus for a while: they count, but nobody waits for its next scrape.
 */
export function readCounts(sample: GuardSample, maxAgeMs: number): Counted {
  const { answers, evaluatedAtS, deployment } = sample;
  const present = deployment === null ? null : new Set(deployment.pods.map(({ name }) => name));
  const pods: Counted['pods'] = {};
  if (answers === null || evaluatedAtS === null) return { pods, oldestScrapeMs: null };
  let oldestAgeMs: number | null = null;
  for (const pod of new Set(answers.up.map((value) => value.pod))) {
    const reading = readPod(sample, answers, pod, maxAgeMs);
    if ('trouble' in reading) continue;
    pods[pod] = reading.counts;
    if (present === null || present.has(pod)) oldestAgeMs = Math.max(oldestAgeMs ?? 0, reading.ageMs);
  }
  return { pods, oldestScrapeMs: oldestAgeMs === null ? null : evaluatedAtS * 1_000 - oldestAgeMs };
}

export const readyPods = (pods: readonly GuardPod[]): GuardPod[] => pods.filter(({ ready, terminating }) => ready && !terminating);

function readPod({ queries }: GuardSample, answers: GuardAnswers, pod: string, maxAgeMs: number): PodReading {
  const trouble = (question: keyof GuardAnswers, why: string): PodReading => ({
    trouble: { query: queries[question], sentence: `${why} (${queries[question]})` },
  });
  const up = of(answers.up, pod);
  if (up.length === 0) return trouble('up', `Prometheus does not scrape pod ${pod}`);
  if (up.length > 1)
    return trouble('up', `Prometheus scrapes pod ${pod} ${up.length} times, so its requests would count ${up.length} times`);
  if (up[0] !== 1) return trouble('up', `the last scrape of pod ${pod} failed`);
  const ageS = only(answers.ageS, pod);
  if (ageS === null) return trouble('ageS', `the age of the samples of pod ${pod} is not known`);
  const ageMs = ageS * 1_000;
  if (ageMs > maxAgeMs) return trouble('ageS', `the newest sample of pod ${pod} is ${ageS.toFixed(0)} s old`);

  // A labelled histogram has no series before the first request: one target, up, freshly scraped, without the metric, has served none.
  if ([answers.requests, answers.coded, answers.errors, answers.within].every((values) => of(values, pod).length === 0))
    return { counts: null, ageMs };
  const requests = only(answers.requests, pod);
  if (requests === null) return trouble('requests', `pod ${pod} has no request counter`);
  const within = only(answers.within, pod);
  if (within === null) return trouble('within', `pod ${pod} has no bucket at the limit`);
  // A histogram that labels its status otherwise (`status`, `status_code`) has no series with `code` either, and is not without errors.
  // Both counts are of one scrape, and equal to the last request.
  const coded = zeroIfAbsent(answers.coded, pod);
  if (coded !== requests)
    return trouble(
      'coded',
      `${coded === null ? 'the requests' : `${requests - coded} of ${requests} requests`} of pod ${pod} carry no status in a label \`code\``,
    );
  // The one absence that is a zero: the first such answer makes the series, and the same scrape gave the total and its codes.
  const errors = zeroIfAbsent(answers.errors, pod);
  if (errors === null || errors > requests || within > requests)
    return trouble('errors', `the counters of pod ${pod} contradict each other`);
  return { counts: { requests, errors, within }, ageMs };
}

const of = (values: readonly PodValue[], pod: string): number[] => values.filter((each) => each.pod === pod).map(({ value }) => value);

const zeroIfAbsent = (values: readonly PodValue[], pod: string): number | null => (of(values, pod).length === 0 ? 0 : only(values, pod));

/** The one value of a pod; null when there is none, there are two, or it is no count. */
function only(values: readonly PodValue[], pod: string): number | null {
  const own = of(values, pod);
  const value = own.length === 1 ? own[0] : undefined;
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : null;
}
