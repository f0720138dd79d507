// What the requests in flight wait for: by their goroutines, else by the traces of slow requests.
import type { RequestWait } from '../goroutine/requests.ts';
import { share as shareText } from '../../verdict/wording/index.ts';
import type { OperationTime } from '../trace/slow-band.ts';
import type { Category } from '../trace/spans.ts';
import type { Observation } from './observation.ts';

/** Fewer requests in flight, over all profiles, may be chance. */
const MIN_IN_FLIGHT = 8;
/** Smaller waits are not reported. */
const MIN_REPORTED_SHARE = 0.05;

/** The total of `values`; 0 for none. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Share of the requests that wait for something: by goroutines where enough were in flight, else by traces. */
export function shareOf({ requests, slowBand }: Observation, on: readonly RequestWait['on'][], categories: readonly Category[]): number {
  if (requests !== null && requests.inFlight >= MIN_IN_FLIGHT)
    return sum(requests.waits.filter((wait) => on.includes(wait.on)).map(({ requests: count }) => count)) / requests.inFlight;
  return slowBand === null ? 0 : sum(slowBand.operations.filter(isOf(categories)).map(({ share }) => share));
}

const isOf =
  (categories: readonly Category[]) =>
  ({ waitsOn }: OperationTime): boolean =>
    waitsOn !== null && categories.includes(waitsOn);

/** The operation of slow traces with the largest share of these waits; null without any. */
export const operationOf = ({ slowBand }: Observation, categories: readonly Category[]): OperationTime | null =>
  slowBand?.operations.find(isOf(categories)) ?? null;

/** The requests that wait for this; null without any. */
export const waitOn = ({ requests }: Observation, on: RequestWait['on']): RequestWait | null =>
  requests?.waits.find((wait) => wait.on === on) ?? null;

/** How many requests wait for it and where; empty where they are too few. */
export function waitClause({ requests }: Observation, wait: RequestWait | null, what: string): string[] {
  return wait === null || requests === null || wait.requests < MIN_REPORTED_SHARE * requests.inFlight
    ? []
    : [`${wait.requests} of ${requests.inFlight} requests in flight wait for ${what}, most at ${wait.site}`];
}

/** The operation in which slow traces spend their time. */
export function traceClause(operation: OperationTime | null): string[] {
  return operation === null ? [] : [`slow traces spend ${shareText(operation.share)} of their time in ${operation.operation}`];
}
