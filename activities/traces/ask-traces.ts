// Asks a trace store of the environment file for the traces of a service in a stretch of time.
import type { Environment } from '../../release/environment.ts';
import { askJaeger } from './jaeger.ts';
import { askTempo } from './tempo.ts';
import type { AskStore, TraceAnswer, TraceQuestion } from './trace-store.ts';

/** A trace store as the environment file names it. */
export type TraceStore = Environment['spec']['traces'][string];

/** The kinds there are. */
const stores: Readonly<Record<TraceStore['type'], { ask: AskStore; mediaType: string }>> = {
  jaeger: { ask: askJaeger, mediaType: 'application/json' },
  tempo: { ask: askTempo, mediaType: 'application/x-ndjson' },
};

/**
 * The traces as they came, and what was not to be had. Those of the namespace are asked for first: stores give only so many, and a busy
 * production under the same service name would leave no room for the load test's. Where no span says its namespace, all of the service
 * are asked for; which of them count is for the analysis to say.
 */
export async function askTraces(
  { type, url }: TraceStore,
  question: Omit<TraceQuestion, 'url'>,
): Promise<TraceAnswer & { mediaType: string }> {
  const { ask, mediaType } = stores[type];
  for (const namespace of new Set([question.namespace, null])) {
    const answer = await ask({ ...question, url, namespace });
    if (answer.bytes !== null || answer.missing.length > 0) return { ...answer, mediaType };
  }
  const { service, from, to } = question;
  return { bytes: null, mediaType, missing: [`it has no trace of ${service} between ${from.toISOString()} and ${to.toISOString()}`] };
}
