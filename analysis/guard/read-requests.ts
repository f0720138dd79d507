// Reads the request counters of one pod in one sample. Missing, stale or contradictory data is trouble, never zero.
import { duration } from '../../verdict/wording/index.ts';
import type { PodValue, RequestAnswers } from './sample.ts';

/** Why data are not usable, and the query that shows it. */
export interface Trouble {
  query: string;
  message: string;
}

export interface RequestCounts {
  requests: number;
  errors: number;
}

/** Counters since the start of the pod's process; null for a pod that has no series of the metric yet. */
type RequestReading = { counts: RequestCounts | null; ageMs: number } | { trouble: Trouble };

/** The counters of a pod that was scraped once, recently, with a status on every request. `queries` are those that gave the answers. */
export function readRequests(
  queries: Readonly<Record<keyof RequestAnswers, string>>,
  answers: RequestAnswers,
  pod: string,
  maxAgeMs: number,
): RequestReading {
  const trouble = (question: keyof RequestAnswers, message: string): RequestReading => troubleOf(queries, question, message);
  const up = valuesOf(answers.up, pod);
  if (up.length === 0) return trouble('up', `Prometheus does not scrape pod ${pod}`);
  if (up.length > 1)
    return trouble('up', `Prometheus scrapes pod ${pod} ${up.length} times, so its requests would count ${up.length} times`);
  if (up[0] !== 1) return trouble('up', `the last scrape of pod ${pod} failed`);
  const ageS = onlyValue(answers.ageS, pod);
  if (ageS === null) return trouble('ageS', `the sample age of pod ${pod} is unknown`);
  const ageMs = ageS * 1_000;
  if (ageMs > maxAgeMs) return trouble('ageS', `the newest sample of pod ${pod} is ${duration(1_000 * Math.round(ageS))} old`);

  // A labelled histogram has no series before the first request: a fresh scrape without the metric means no requests.
  if ([answers.requests, answers.coded, answers.errors].every((values) => valuesOf(values, pod).length === 0))
    return { counts: null, ageMs };
  const requests = onlyValue(answers.requests, pod);
  if (requests === null) return trouble('requests', `pod ${pod} has no request counter`);
  // A histogram with another status label (`status`, `status_code`) has no series with `code`; that does not mean that it has no errors.
  const coded = zeroIfAbsent(answers.coded, pod);
  if (coded !== requests)
    return trouble(
      'coded',
      `${coded === null ? 'the requests' : `${requests - coded} of ${requests} requests`} of pod ${pod} have no label \`code\``,
    );
  // The one absence that means zero: the first 5xx creates the series, and the same scrape has the total and its codes.
  const errors = zeroIfAbsent(answers.errors, pod);
  if (errors === null || errors > requests) return trouble('errors', `the counters of pod ${pod} contradict each other`);
  return { counts: { requests, errors }, ageMs };
}

/** `pod x has no request counter (sum by (pod) ...)`. */
export const troubleOf = <Question extends string>(queries: Readonly<Record<Question, string>>, question: Question, message: string) => ({
  trouble: { query: queries[question], message: `${message} (${queries[question]})` },
});

export const valuesOf = (values: readonly PodValue[], pod: string): number[] =>
  values.filter((each) => each.pod === pod).map(({ value }) => value);

const zeroIfAbsent = (values: readonly PodValue[], pod: string): number | null =>
  valuesOf(values, pod).length === 0 ? 0 : onlyValue(values, pod);

/** The one value of a pod; null when there is none, there are two, or it is not a count. */
export function onlyValue(values: readonly PodValue[], pod: string): number | null {
  const own = valuesOf(values, pod);
  const value = own.length === 1 ? own[0] : undefined;
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : null;
}
