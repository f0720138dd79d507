// Jaeger's query service: one request, one response with whole traces.
import { MAX_TRACES_BYTES } from '../../analysis/trace/read.ts';
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';
import type { AskStore } from './trace-store.ts';

/** A few hundred traces show the slow band of a load test; 2,000 have about 20 MB. */
const MAX_TRACES = 2_000;
const RESPONSE_TIMEOUT_MS = 30_000;

/** Jaeger's JSON, unchanged. The namespace is a tag: Jaeger stores OTLP resource attributes as process tags and searches those too. */
export const askJaeger: AskStore = async ({ url, service, namespace, from, to }) => {
  const question = new URLSearchParams({
    service,
    // Microseconds since 1970.
    start: String(from.getTime() * 1_000),
    end: String(to.getTime() * 1_000),
    limit: String(MAX_TRACES),
    ...(namespace === null ? {} : { tags: JSON.stringify({ 'k8s.namespace.name': namespace }) }),
  });
  try {
    const bytes = await readPage({
      url: `${url.replace(/\/$/u, '')}/api/traces?${question.toString()}`,
      timeoutMs: RESPONSE_TIMEOUT_MS,
      limitBytes: MAX_TRACES_BYTES,
    });
    const traces = countTraces(bytes);
    if (traces === 0) return { bytes: null, missing: [] };
    const more = `the query returned its limit of ${traces} traces, selected by Jaeger; there may be more`;
    return { bytes, missing: traces < MAX_TRACES ? [] : [more] };
  } catch (error) {
    if (error instanceof RequestError) return { bytes: null, missing: [error.reason] };
    throw error;
  }
};

/** Once per trace. Quotes within strings are escaped, so this matches nothing else. */
const PROCESSES = Buffer.from('"processes":{');

/** Without parsing: 20 MB of JSON would block the event loop for a third of a second. */
function countTraces(bytes: Uint8Array): number {
  const answer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let traces = 0;
  for (let at = answer.indexOf(PROCESSES); at !== -1; at = answer.indexOf(PROCESSES, at + PROCESSES.length)) traces += 1;
  return traces;
}
