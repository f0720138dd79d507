// Jaeger's query service: one question, one answer with whole traces.
import { LARGEST_TRACES_BYTES } from '../../analysis/trace/read.ts';
import { PageUnread, readPage } from '../profiles/pod-page.ts';
import type { AskStore } from './trace-store.ts';

/** A few hundred traces show the slow band of a load test; an answer of 2,000 has about 20 MB. */
const TRACES_LIMIT = 2_000;
const ANSWER_WITHIN_MS = 30_000;

/** Jaeger's JSON as it came. A namespace is asked for as a tag: Jaeger looks into the tags of the process, where OTLP's resource attributes are. */
export const askJaeger: AskStore = async ({ url, service, namespace, from, to }) => {
  const question = new URLSearchParams({
    service,
    // Microseconds since 1970.
    start: String(from.getTime() * 1_000),
    end: String(to.getTime() * 1_000),
    limit: String(TRACES_LIMIT),
    ...(namespace === null ? {} : { tags: JSON.stringify({ 'k8s.namespace.name': namespace }) }),
  });
  try {
    const bytes = await readPage({
      url: `${url.replace(/\/$/u, '')}/api/traces?${question.toString()}`,
      timeoutMs: ANSWER_WITHIN_MS,
      limitBytes: LARGEST_TRACES_BYTES,
    });
    const traces = countTraces(bytes);
    if (traces === 0) return { bytes: null, missing: [] };
    const more = `it gave ${traces} traces, which is the most that is asked for; which of those there are is its own choice`;
    return { bytes, missing: traces < TRACES_LIMIT ? [] : [more] };
  } catch (error) {
    if (error instanceof PageUnread) return { bytes: null, missing: [error.message] };
    throw error;
  }
};

/** Each trace has one table of processes. Inside of texts quotes are escaped, so this matches nothing else. */
const PROCESSES = Buffer.from('"processes":{');

/** Without parsing: 20 MB of JSON would hold up the worker for a third of a second. */
function countTraces(bytes: Uint8Array): number {
  const answer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let traces = 0;
  for (let at = answer.indexOf(PROCESSES); at !== -1; at = answer.indexOf(PROCESSES, at + PROCESSES.length)) traces += 1;
  return traces;
}
