// Reads one sample: the counters of each pod, and whether all Ready pods are readable. Missing, stale or contradictory data is trouble,
// never zero.
import type { PodCounts } from './pod-counts.ts';
import { onlyValue, readRequests, troubleOf, valuesOf, type Trouble } from './read-requests.ts';
import type { GuardAnswers, GuardDeployment, GuardLimits, GuardPod, GuardSample } from './sample.ts';

/** Every Ready pod was read: scrape times of the first and the last, ms on the clock of Prometheus. */
export interface Sight {
  evaluatedMs: number;
  oldestScrapeMs: number;
  newestScrapeMs: number;
  /** null when no pod exports the gauge. */
  inFlight: number | null;
}

type PodReading = { counts: PodCounts | null; ageMs: number } | { trouble: Trouble };

/**
 * A sample is usable when Kubernetes answered, no pod of another template serves, a pod is Ready, and each Ready pod was scraped once,
 * recently, with readable counters. Pods that are Pending, were never Ready or terminate need not be readable.
 */
export function readSight(sample: GuardSample, { image, subject, noDataAfterMs }: GuardLimits): Sight | { trouble: Trouble } {
  const { deployment, answers, trouble, evaluatedAtS } = sample;
  const ofPods = (message: string) => ({ trouble: { query: `pods of ${subject}`, message } });
  if (deployment !== null && deployment.templateImage !== image)
    return ofPods(`the pod template of ${subject} has ${templateImageOf(deployment)}, not the launched image ${image}`);
  if (deployment !== null && deployment.others.length > 0) return ofPods(`pod ${deployment.others[0]} of another template still serves`);
  if (deployment === null || answers === null || evaluatedAtS === null)
    return { trouble: trouble ?? { query: '', message: 'no query was sent' } };
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

/** The readable counters, whichever other pods are not readable. */
export interface Counted {
  /** null for a pod that has no series of the metric yet. */
  pods: Record<string, PodCounts | null>;
  /** Scrape time of the first listed pod, ms on the clock of Prometheus; null when none is readable. */
  oldestScrapeMs: number | null;
}

/**
 * Counters of every readable pod, also of pods that are not Ready or terminate: their errors are errors of this version. A deleted pod
 * keeps its last values in Prometheus for a while: they count, but its next scrape is not awaited.
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
  const reading = readRequests(queries, answers, pod, maxAgeMs);
  if ('trouble' in reading) return reading;
  const trouble = (question: keyof GuardAnswers, message: string): PodReading => troubleOf(queries, question, message);
  const { counts, ageMs } = reading;
  if (counts === null)
    return valuesOf(answers.within, pod).length === 0 ? { counts, ageMs } : trouble('requests', `pod ${pod} has no request counter`);
  const within = onlyValue(answers.within, pod);
  if (within === null) return trouble('within', `pod ${pod} has no histogram bucket at the latency limit`);
  if (within > counts.requests) return trouble('errors', `the counters of pod ${pod} contradict each other`);
  return { counts: { ...counts, within }, ageMs };
}

const templateImageOf = ({ templateImage }: GuardDeployment): string =>
  templateImage === '' ? 'no such container' : `image ${templateImage}`;
