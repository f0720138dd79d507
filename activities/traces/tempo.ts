// Tempo's query API: a search returns ids with durations, and each trace is fetched by its id.
import pMap from 'p-map';
import { MAX_TRACES_BYTES } from '../../analysis/trace/read.ts';
import { ALL_TIMEOUT_MS, AT_ONCE, readTempo, reasonsOf } from './tempo-page.ts';
import { searchTempo, type FoundTrace } from './tempo-search.ts';
import type { AskStore, TraceAnswer, TraceQuestion } from './trace-store.ts';

/** The slow band, p95 to p99, then has 16. */
const MAX_FETCHED = 400;
/** A trace of 10,000 spans. */
const MAX_TRACE_BYTES = 8 * 1024 * 1024;
const TRACE_TIMEOUT_MS = 10_000;
/** Tempo selects blocks by time, and a trace may have spans in the block before or after. */
const AROUND_SECONDS = 60;

/** Tempo's responses, one per line, and what is missing. */
export const askTempo: AskStore = async (question) => {
  const deadline = performance.now() + ALL_TIMEOUT_MS;
  const { found, missing } = await searchTempo(question, deadline);
  const chosen = evenlySpread(found, MAX_FETCHED);
  if (chosen.length === 0) return { bytes: null, missing };
  if (chosen.length < found.length)
    missing.push(`${chosen.length} of ${found.length} traces found were fetched, spread evenly over their durations`);
  const fetched = await fetchTraces(question, chosen, deadline);
  return { bytes: fetched.bytes, missing: [...missing, ...fetched.missing] };
};

/**
 * At most `limit` traces, every n-th by duration: the analysis reads percentiles (p95 to p99), which this keeps to within one rank; the slowest
 * or the first ones found would not. Equal durations are ordered by id, so the choice is repeatable.
 */
export function evenlySpread(found: readonly FoundTrace[], limit: number): FoundTrace[] {
  const sorted = [...found].sort((a, b) => a.durationMs - b.durationMs || (a.id < b.id ? -1 : 1));
  if (sorted.length <= limit) return sorted;
  return Array.from({ length: limit }, (_, index) => sorted[Math.floor(((index + 0.5) * sorted.length) / limit)] as FoundTrace);
}

async function fetchTraces({ url, from, to }: TraceQuestion, chosen: readonly FoundTrace[], deadline: number): Promise<TraceAnswer> {
  const start = Math.floor(from.getTime() / 1_000) - AROUND_SECONDS;
  const end = Math.ceil(to.getTime() / 1_000) + AROUND_SECONDS;
  const failures: string[] = [];
  let leftBytes = MAX_TRACES_BYTES;
  const fetchOne = async ({ id }: FoundTrace): Promise<Uint8Array | undefined> => {
    // API v1: every Tempo 2 has it, and it never returns a partial trace, unlike v2.
    const path = `/api/traces/${id}?start=${start}&end=${end}`;
    const answer = await readTempo({ url, path, limitBytes: MAX_TRACE_BYTES, timeoutMs: TRACE_TIMEOUT_MS, deadline });
    if (typeof answer === 'string') return void failures.push(answer);
    if (!hasSpans(answer)) return void failures.push('the response has no span');
    if (answer.byteLength > leftBytes) return void failures.push(`all traces together exceed ${MAX_TRACES_BYTES} bytes`);
    leftBytes -= answer.byteLength;
    return oneLine(answer);
  };
  const lines = await pMap(chosen, fetchOne, { concurrency: AT_ONCE });
  const fetched = lines.filter((line) => line !== undefined);
  return {
    bytes: fetched.length === 0 ? null : Buffer.concat(fetched),
    missing: failures.length === 0 ? [] : [`${failures.length} of ${chosen.length} traces could not be fetched: ${reasonsOf(failures)}`],
  };
}

/** Keeps one invalid response from damaging the lines of the others; the analysis validates them fully. */
function hasSpans(answer: Uint8Array): boolean {
  const text = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  return text.subarray(0, 256).toString('latin1').trimStart().startsWith('{') && text.includes('"spanId"');
}

/** Line breaks in JSON are whitespace, never inside a string, so spaces can replace them. */
function oneLine(json: Uint8Array): Uint8Array {
  const line = Buffer.alloc(json.byteLength + 1, '\n');
  line.set(json);
  for (let at = 0; at < json.byteLength; at += 1) if (line[at] === 10 || line[at] === 13) line[at] = 32;
  return line;
}
