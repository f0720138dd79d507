// One request to Tempo, and the reasons of those that failed, with their counts.
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';

/** Eight at once leave a Tempo on one machine room for others; at 50 ms a trace 400 of them take 2.5 s. */
export const AT_ONCE = 8;
/** For everything that is asked of it: 400 traces at a slow 0.5 s each take 25 s, and ten searches at their limit twice 20 s. */
export const ALL_TIMEOUT_MS = 90_000;

export interface TempoPage {
  /** Address of the query API. */
  url: string;
  /** `/api/search?q=…` */
  path: string;
  limitBytes: number;
  withinMs: number;
  /** On the clock of `performance.now()`; past it nothing is asked any more. */
  deadline: number;
}

/** The answer, or the reason why there is none. */
export async function readTempo({ url, path, limitBytes, withinMs, deadline }: TempoPage): Promise<Uint8Array | string> {
  const timeoutMs = Math.min(withinMs, Math.floor(deadline - performance.now()));
  if (timeoutMs <= 0) return `all of it took more than ${ALL_TIMEOUT_MS / 1_000} s`;
  try {
    // Tempo sends a trace as JSON or as protobuf.
    return await readPage({ url: `${url.replace(/\/$/u, '')}${path}`, timeoutMs, limitBytes, headers: { accept: 'application/json' } });
  } catch (error) {
    if (error instanceof RequestError) return error.reason;
    throw error;
  }
}

/** Each reason once, most first, with its count where there is more than one. */
export function reasonsOf(failures: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of failures) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return sorted.map(([reason, count]) => (sorted.length === 1 ? reason : `${reason} (${count})`)).join('; ');
}
