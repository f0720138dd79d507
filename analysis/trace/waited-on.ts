// What the service waits for while a span runs: time inside another service belongs to the call to it.
import { CATEGORIES, type Category, type Spans } from './spans.ts';

/** Spans outside of any call of the service, such as those of an ingress before it. */
export const OUTSIDE = -1;

const UNKNOWN = -2;
const OWN_CODE = CATEGORIES.indexOf('own code');
/** Category of a call to another service where neither side states one. */
const CALL: Category = 'grpc';

/**
 * Index into CATEGORIES for each span; OUTSIDE without a span of `service` above it. A span of another service counts as the call that
 * leads to it, so a query made there is not a query of the service. Linear. Parents must not form a circle.
 */
export function waitedOn({ count, parent, operations, operation, category }: Spans, service: string): Int8Array {
  const isOwn = operations.map((name) => name.startsWith(`[${service}] `));
  const found = new Int8Array(count).fill(UNKNOWN);
  const path: number[] = [];
  for (let span = 0; span < count; span += 1) {
    let at = span;
    for (; at >= 0 && found[at] === UNKNOWN && !isOwn[operation[at] as number]; at = parent[at] as number) path.push(at);
    const top = path.at(-1) ?? span;
    const call =
      at < 0 ? OUTSIDE : isOwn[operation[at] as number] ? callOf(category[at] as number, category[top] as number) : (found[at] as number);
    for (const below of path) found[below] = call;
    if (path.length === 0 && found[span] === UNKNOWN) found[span] = category[span] as number;
    path.length = 0;
  }
  return found;
}

/** By the service's side of the call; by the other side where the service has no span for it. */
function callOf(ours: number, theirs: number): number {
  if (ours !== OWN_CODE) return ours;
  return theirs === OWN_CODE ? CATEGORIES.indexOf(CALL) : theirs;
}
