// One request to Tempo, and the summary of failed ones.
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';
import { timedOut } from '../reason-of.ts';

/** A Tempo on one machine still serves others; at 50 ms each, 400 traces take 2.5 s. */
export const AT_ONCE = 8;
/** For all requests: 400 traces at 0.5 s each take 25 s, and ten searches at their timeout twice 20 s. */
export const ALL_TIMEOUT_MS = 90_000;

export interface TempoPage {
  /** Address of the query API. */
  url: string;
  /** `/api/search?q=…` */
  path: string;
  limitBytes: number;
  timeoutMs: number;
  /** By `performance.now()`; no request starts after it. */
  deadline: number;
}

/** The response body, or the reason why there is none. */
export async function readTempo({ url, path, limitBytes, timeoutMs, deadline }: TempoPage): Promise<Uint8Array | string> {
  const leftMs = Math.min(timeoutMs, Math.floor(deadline - performance.now()));
  if (leftMs <= 0) return `all requests together ${timedOut(ALL_TIMEOUT_MS)}`;
  try {
    // Tempo sends a trace as JSON or as protobuf.
    const headers = { accept: 'application/json' };
    return await readPage({ url: `${url.replace(/\/$/u, '')}${path}`, timeoutMs: leftMs, limitBytes, headers });
  } catch (error) {
    if (error instanceof RequestError) return error.reason;
    throw error;
  }
}

/** Each reason once, the most frequent first; with counts when there are several. */
export function reasonsOf(failures: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of failures) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return sorted.map(([reason, count]) => (sorted.length === 1 ? reason : `${reason} (${count})`)).join('; ');
}
