// What the service waits for while a span runs, as the service sees it: time inside another service is time of the call to it.
import { CATEGORIES, type Category, type Spans } from './spans.ts';

/** Of spans that no call of the service led to, such as those of an ingress before it. */
export const OUTSIDE = -1;

const UNKNOWN = -2;
const OWN_CODE = CATEGORIES.indexOf('own code');
/** What another service is waited for as where neither side says how it is called. */
const CALL: Category = 'grpc';

/**
 * Index into CATEGORIES for each span; OUTSIDE for those that have no span of `service` above them. A span of another service counts as
 * the call that leads there: a query that it makes is none of ours. Linear. Parents must not run in a circle.
 */
export function waitedOn({ count, parent, operations, operation, category }: Spans, service: string): Int8Array {
  const isOwn = operations.map((name) => name.startsWith(`[${service}] `));
  const found = new Int8Array(count).fill(UNKNOWN);
  const way: number[] = [];
  for (let span = 0; span < count; span += 1) {
    let at = span;
    for (; at >= 0 && found[at] === UNKNOWN && !isOwn[operation[at] as number]; at = parent[at] as number) way.push(at);
    const top = way.at(-1) ?? span;
    const led =
      at < 0 ? OUTSIDE : isOwn[operation[at] as number] ? callOf(category[at] as number, category[top] as number) : (found[at] as number);
    for (const below of way) found[below] = led;
    if (way.length === 0 && found[span] === UNKNOWN) found[span] = category[span] as number;
    way.length = 0;
  }
  return found;
}

/** By our side of the call; by the other one where ours has no span for it. */
function callOf(ours: number, theirs: number): number {
  if (ours !== OWN_CODE) return ours;
  return theirs === OWN_CODE ? CATEGORIES.indexOf(CALL) : theirs;
}
