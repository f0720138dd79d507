// Asks a Jaeger query service for the traces of a service in a stretch of time.
import { PageUnread, readPage } from '../profiles/pod-page.ts';

export interface TraceQuestion {
  /** Address of the query service. */
  url: string;
  service: string;
  from: Date;
  to: Date;
}

/** A few hundred traces show the slow band of a load test; an answer of 2,000 has about 20 MB. */
const TRACES_LIMIT = 2_000;
const ANSWER_LIMIT_BYTES = 256 * 1024 * 1024;
const ANSWER_WITHIN_MS = 30_000;

/** The answer as it came (Jaeger JSON), or a sentence why there is none. */
export async function askTraces({ url, service, from, to }: TraceQuestion): Promise<Uint8Array | string> {
  const question = new URLSearchParams({
    service,
    // Microseconds since 1970.
    start: String(from.getTime() * 1_000),
    end: String(to.getTime() * 1_000),
    limit: String(TRACES_LIMIT),
  });
  try {
    return await readPage({
      url: `${url.replace(/\/$/u, '')}/api/traces?${question.toString()}`,
      timeoutMs: ANSWER_WITHIN_MS,
      limitBytes: ANSWER_LIMIT_BYTES,
    });
  } catch (error) {
    if (error instanceof PageUnread) return error.message;
    throw error;
  }
}
