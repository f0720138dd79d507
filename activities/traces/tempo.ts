// Tempo's query API: a search answers ids with durations, and each trace is fetched by its id.
import pMap from 'p-map';
import { LARGEST_TRACES_BYTES } from '../../analysis/trace/read.ts';
import { evenlySpread, type FoundTrace } from './evenly-spread.ts';
import { ALL_TIMEOUT_MS, AT_ONCE, readTempo, reasonsOf } from './tempo-page.ts';
import { searchTempo } from './tempo-search.ts';
import type { AskStore, TraceAnswer, TraceQuestion } from './trace-store.ts';

/** The slow band, 95 to 99 of 100, has 16 of them. */
const FETCHED_LIMIT = 400;
/** Of a trace of 10,000 spans; and of all together, what can be read. */
const TRACE_LIMIT_BYTES = 8 * 1024 * 1024;
const ALL_LIMIT_BYTES = LARGEST_TRACES_BYTES;
const TRACE_TIMEOUT_MS = 10_000;
/** Blocks are chosen by the times of their spans; spans of a trace may lie in the block before or after. */
const AROUND_SECONDS = 60;

/** Tempo's answers, one a line, and what is missing with its count. */
export const askTempo: AskStore = async (question) => {
  const deadline = performance.now() + ALL_TIMEOUT_MS;
  const { found, missing } = await searchTempo(question, deadline);
  const chosen = evenlySpread(found, FETCHED_LIMIT);
  if (chosen.length === 0) return { bytes: null, missing };
  if (chosen.length < found.length)
    missing.push(`${chosen.length} of ${found.length} traces found were fetched, spread evenly over their durations`);
  const fetched = await fetchTraces(question, chosen, deadline);
  return { bytes: fetched.bytes, missing: [...missing, ...fetched.missing] };
};

async function fetchTraces({ url, from, to }: TraceQuestion, chosen: readonly FoundTrace[], deadline: number): Promise<TraceAnswer> {
  const start = Math.floor(from.getTime() / 1_000) - AROUND_SECONDS;
  const end = Math.ceil(to.getTime() / 1_000) + AROUND_SECONDS;
  const failures: string[] = [];
  let leftBytes = ALL_LIMIT_BYTES;
  const fetchOne = async ({ id }: FoundTrace): Promise<Uint8Array | undefined> => {
    // v1 of the API: every Tempo 2 has it, and it answers a trace whole or not at all, where v2 may answer a part.
    const path = `/api/traces/${id}?start=${start}&end=${end}`;
    const answer = await readTempo({ url, path, limitBytes: TRACE_LIMIT_BYTES, withinMs: TRACE_TIMEOUT_MS, deadline });
    if (typeof answer === 'string') return void failures.push(answer);
    if (!hasSpans(answer)) return void failures.push('it answered without a span');
    if (answer.byteLength > leftBytes) return void failures.push(`all together have more than ${ALL_LIMIT_BYTES} bytes`);
    leftBytes -= answer.byteLength;
    return oneLine(answer);
  };
  const lines = await pMap(chosen, fetchOne, { concurrency: AT_ONCE });
  const had = lines.filter((line) => line !== undefined);
  return {
    bytes: had.length === 0 ? null : Buffer.concat(had),
    missing: failures.length === 0 ? [] : [`${failures.length} of ${chosen.length} traces were not had: ${reasonsOf(failures)}`],
  };
}

/** Enough of a check for one bad answer not to spoil the lines of the others; the analysis reads them for good. */
function hasSpans(answer: Uint8Array): boolean {
  const text = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  return text.subarray(0, 256).toString('latin1').trimStart().startsWith('{') && text.includes('"spanId"');
}

/** Line breaks stand only between the parts of JSON, never inside a text, so blanks mean the same. */
function oneLine(json: Uint8Array): Uint8Array {
  const line = Buffer.alloc(json.byteLength + 1, '\n');
  line.set(json);
  for (let at = 0; at < json.byteLength; at += 1) if (line[at] === 10 || line[at] === 13) line[at] = 32;
  return line;
}
