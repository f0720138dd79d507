// What the requests in flight wait for: by their goroutines, else by the traces of slow ones.
import type { RequestWait } from '../goroutine/requests.ts';
import type { OperationTime } from '../trace/slow-band.ts';
import type { Category } from '../trace/spans.ts';
import type { Observed } from './observed.ts';
import { sum } from './figures.ts';

/** Fewer requests than this in flight, over all profiles, are a chance. */
const LEAST_IN_FLIGHT = 8;
/** Waits of less than this are not told. */
const TOLD_SHARE = 0.05;

/** What part of the requests waits on something: by goroutines where enough were in flight, else by traces. */
export function shareOf({ requests, slowBand, service }: Observed, on: readonly RequestWait['on'][], categories: readonly Category[]): number {
  if (requests !== null && requests.inFlight >= LEAST_IN_FLIGHT)
    return sum(requests.waits.filter((wait) => on.includes(wait.on)).map(({ requests: count }) => count)) / requests.inFlight;
  return slowBand === null ? 0 : sum(slowBand.operations.filter((each) => isOf(each, categories, service)).map(({ share }) => share));
}

/** Time inside another service is time of the call to it. */
export function isOf({ operation, category }: OperationTime, categories: readonly Category[], service: string): boolean {
  return categories.includes(category) || (categories.includes('grpc') && !operation.startsWith(`[${service}] `));
}

/** The requests that wait for this; null where none does, or none were seen. */
export const waitOn = ({ requests }: Observed, on: RequestWait['on']): RequestWait | null =>
  requests?.waits.find((wait) => wait.on === on) ?? null;

/** How many requests wait for it and where; nothing where they are too few to tell. */
export function waitClause({ requests }: Observed, wait: RequestWait | null, what: string): string[] {
  return wait === null || requests === null || wait.requests < TOLD_SHARE * requests.inFlight
    ? []
    : [`${wait.requests} of ${requests.inFlight} requests in flight wait for ${what}, most at ${wait.site}`];
}
