// What the requests in flight wait for: by their goroutines, else by the traces of slow ones.
import type { RequestWait } from '../goroutine/requests.ts';
import { share as shareText } from '../../verdict/wording/index.ts';
import type { OperationTime } from '../trace/slow-band.ts';
import type { Category } from '../trace/spans.ts';
import { sum } from './figures.ts';
import type { Observed } from './observed.ts';

/** Fewer requests than this in flight, over all profiles, are a chance. */
const MIN_IN_FLIGHT = 8;
/** Waits of less than this are not told. */
const TOLD_SHARE = 0.05;

/** What part of the requests waits on something: by goroutines where enough were in flight, else by traces. */
export function shareOf({ requests, slowBand }: Observed, on: readonly RequestWait['on'][], categories: readonly Category[]): number {
  if (requests !== null && requests.inFlight >= MIN_IN_FLIGHT)
    return sum(requests.waits.filter((wait) => on.includes(wait.on)).map(({ requests: count }) => count)) / requests.inFlight;
  return slowBand === null ? 0 : sum(slowBand.operations.filter(isOf(categories)).map(({ share }) => share));
}

const isOf =
  (categories: readonly Category[]) =>
  ({ waitsOn }: OperationTime): boolean =>
    waitsOn !== null && categories.includes(waitsOn);

/** The operation of slow traces that takes most of the time in which the service waits for this; null where none does. */
export const operationOf = ({ slowBand }: Observed, categories: readonly Category[]): OperationTime | null =>
  slowBand?.operations.find(isOf(categories)) ?? null;

/** The requests that wait for this; null where none does, or none were seen. */
export const waitOn = ({ requests }: Observed, on: RequestWait['on']): RequestWait | null =>
  requests?.waits.find((wait) => wait.on === on) ?? null;

/** How many requests wait for it and where; nothing where they are too few to tell. */
export function waitClause({ requests }: Observed, wait: RequestWait | null, what: string): string[] {
  return wait === null || requests === null || wait.requests < TOLD_SHARE * requests.inFlight
    ? []
    : [`${wait.requests} of ${requests.inFlight} requests in flight wait for ${what}, most at ${wait.site}`];
}

/** What slow traces spend their time in; nothing where there is no such operation. */
export function traceClause(operation: OperationTime | null): string[] {
  return operation === null ? [] : [`${shareText(operation.share)} of the time of slow traces is spent in ${operation.operation}`];
}
