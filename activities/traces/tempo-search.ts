// Searches Tempo for the traces of a service: their ids and durations.
import pMap from 'p-map';
import { AT_ONCE, readTempo, reasonsOf } from './tempo-page.ts';
import type { TraceQuestion } from './trace-store.ts';

/**
 * A search returns the first traces it finds, unordered (https://github.com/grafana/tempo/issues/2476): one search over a whole load test may return
 * only its last seconds. Ten searches over a tenth each return traces of every stage.
 */
const SEARCHES = 10;
/** Two thousand in all, as with Jaeger. */
const MAX_FOUND = 200;
/** A found trace with one span has about 500 bytes. */
const MAX_SEARCH_BYTES = 4 * 1024 * 1024;
const SEARCH_TIMEOUT_MS = 20_000;

export interface FoundTrace {
  id: string;
  durationMs: number;
}

/** The traces found, each once, and what is missing. */
export async function searchTempo(question: TraceQuestion, deadline: number): Promise<{ found: FoundTrace[]; missing: string[] }> {
  const found = new Map<string, FoundTrace>();
  const failures: string[] = [];
  let full = 0;
  const ranges = rangesOf(question.from, question.to);
  const search = async ({ start, end }: (typeof ranges)[number]): Promise<void> => {
    // `spss`: spans of each trace in the response; none are needed, and the minimum is 1.
    const query = new URLSearchParams({ q: traceQl(question), start: `${start}`, end: `${end}`, limit: `${MAX_FOUND}`, spss: '1' });
    const path = `/api/search?${query.toString()}`;
    const answer = await readTempo({ url: question.url, path, limitBytes: MAX_SEARCH_BYTES, timeoutMs: SEARCH_TIMEOUT_MS, deadline });
    const traces = typeof answer === 'string' ? answer : readFound(answer);
    if (typeof traces === 'string') return void failures.push(traces);
    if (traces.length >= MAX_FOUND) full += 1;
    for (const trace of traces) found.set(trace.id, trace);
  };
  await pMap(ranges, search, { concurrency: AT_ONCE });
  const missing: string[] = [];
  if (failures.length > 0) missing.push(`${failures.length} of ${ranges.length} searches failed: ${reasonsOf(failures)}`);
  if (full > 0)
    missing.push(`${full} of ${ranges.length} searches returned their limit of ${MAX_FOUND} traces, selected by Tempo; there may be more`);
  return { found: [...found.values()], missing };
}

/** TraceQL quotes strings like Go, which for these is the same as JSON. */
function traceQl({ service, namespace }: TraceQuestion): string {
  const conditions = [`resource.service.name=${JSON.stringify(service)}`];
  if (namespace !== null) conditions.push(`resource.k8s.namespace.name=${JSON.stringify(namespace)}`);
  return `{${conditions.join(' && ')}}`;
}

/** In whole seconds, as Tempo requires; at least one second each. */
function rangesOf(from: Date, to: Date): { start: number; end: number }[] {
  const [first, last] = [Math.floor(from.getTime() / 1_000), Math.ceil(to.getTime() / 1_000)];
  const width = Math.max(1, Math.ceil((last - first) / SEARCHES));
  const ranges: { start: number; end: number }[] = [];
  for (let start = first; start < last; start += width) ranges.push({ start, end: Math.min(last, start + width) });
  return ranges;
}

/** Tempo omits leading zeros of ids (https://github.com/grafana/tempo/issues/4723) and durations below 1 ms. */
function readFound(answer: Uint8Array): FoundTrace[] | string {
  let document: { traces?: unknown } | null;
  try {
    document = JSON.parse(new TextDecoder().decode(answer)) as typeof document;
  } catch (error) {
    return `the response is not JSON (${(error as Error).message})`;
  }
  const found: FoundTrace[] = [];
  for (const trace of Array.isArray(document?.traces) ? (document.traces as { traceID?: unknown; durationMs?: unknown }[]) : []) {
    const { traceID: id, durationMs = 0 } = trace;
    if (typeof id !== 'string' || !/^[0-9a-f]{1,32}$/iu.test(id) || typeof durationMs !== 'number')
      return `the response has a trace with an invalid id or duration: ${JSON.stringify({ id, durationMs })}`;
    found.push({ id: id.toLowerCase().padStart(32, '0'), durationMs });
  }
  return found;
}
