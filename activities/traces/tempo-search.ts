// Which traces Tempo has of a service: their ids and durations.
import pMap from 'p-map';
import type { FoundTrace } from './evenly-spread.ts';
import { AT_ONCE, readTempo, reasonsOf } from './tempo-page.ts';
import type { TraceQuestion } from './trace-store.ts';

/**
 * A search answers the first traces it meets, in no order (https://github.com/grafana/tempo/issues/2476): asked once for all of a load
 * test, it may answer nothing but its last seconds. Asked for each tenth apart, it answers traces of all its stages.
 */
const STRETCHES = 10;
/** Two thousand in all, as many as are asked of Jaeger. */
const FOUND_LIMIT = 200;
/** A found trace takes about 500 bytes with one span in it. */
const SEARCH_LIMIT_BYTES = 4 * 1024 * 1024;
const SEARCH_TIMEOUT_MS = 20_000;

/** The traces found, each once, and what is missing. */
export async function searchTempo(question: TraceQuestion, deadline: number): Promise<{ found: FoundTrace[]; missing: string[] }> {
  const found = new Map<string, FoundTrace>();
  const failures: string[] = [];
  let full = 0;
  const stretches = stretchesOf(question.from, question.to);
  const search = async ({ start, end }: (typeof stretches)[number]): Promise<void> => {
    // `spss`: how many spans of each trace are shown in the answer; none are needed, and 1 is the least.
    const ask = new URLSearchParams({ q: traceQl(question), start: `${start}`, end: `${end}`, limit: `${FOUND_LIMIT}`, spss: '1' });
    const path = `/api/search?${ask.toString()}`;
    const answer = await readTempo({ url: question.url, path, limitBytes: SEARCH_LIMIT_BYTES, withinMs: SEARCH_TIMEOUT_MS, deadline });
    const traces = typeof answer === 'string' ? answer : readFound(answer);
    if (typeof traces === 'string') return void failures.push(traces);
    if (traces.length >= FOUND_LIMIT) full += 1;
    for (const trace of traces) found.set(trace.id, trace);
  };
  await pMap(stretches, search, { concurrency: AT_ONCE });
  const of = `of ${stretches.length}`;
  const missing: string[] = [];
  if (failures.length > 0) missing.push(`${failures.length} ${of} searches failed: ${reasonsOf(failures)}`);
  if (full > 0)
    missing.push(
      `${full} ${of} searches found the ${FOUND_LIMIT} traces that are asked for; which of those there are is Tempo's own choice`,
    );
  return { found: [...found.values()], missing };
}

/** TraceQL. Its strings are written as in Go, which for these is as in JSON. */
function traceQl({ service, namespace }: TraceQuestion): string {
  const conditions = [`resource.service.name=${JSON.stringify(service)}`];
  if (namespace !== null) conditions.push(`resource.k8s.namespace.name=${JSON.stringify(namespace)}`);
  return `{${conditions.join(' && ')}}`;
}

/** In whole seconds, which is what Tempo takes; a stretch has at least one. */
function stretchesOf(from: Date, to: Date): { start: number; end: number }[] {
  const [first, last] = [Math.floor(from.getTime() / 1_000), Math.ceil(to.getTime() / 1_000)];
  const width = Math.max(1, Math.ceil((last - first) / STRETCHES));
  const stretches: { start: number; end: number }[] = [];
  for (let start = first; start < last; start += width) stretches.push({ start, end: Math.min(last, start + width) });
  return stretches;
}

/** Ids come without their leading zeros (https://github.com/grafana/tempo/issues/4723), and a duration below 1 ms not at all. */
function readFound(answer: Uint8Array): FoundTrace[] | string {
  let document: { traces?: unknown } | null;
  try {
    document = JSON.parse(new TextDecoder().decode(answer)) as typeof document;
  } catch (error) {
    return `it answered no JSON (${(error as Error).message})`;
  }
  const found: FoundTrace[] = [];
  for (const trace of Array.isArray(document?.traces) ? (document.traces as { traceID?: unknown; durationMs?: unknown }[]) : []) {
    const { traceID: id, durationMs = 0 } = trace;
    if (typeof id !== 'string' || !/^[0-9a-f]{1,32}$/iu.test(id) || typeof durationMs !== 'number')
      return `it found a trace whose id or duration is none: ${JSON.stringify({ id, durationMs })}`;
    found.push({ id: id.toLowerCase().padStart(32, '0'), durationMs });
  }
  return found;
}
