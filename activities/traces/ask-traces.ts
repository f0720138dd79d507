// Queries a trace store of the environment file for the traces of a service in a time range.
import type { Environment } from '../../release/environment.ts';
import { askJaeger } from './jaeger.ts';
import { askTempo } from './tempo.ts';
import type { AskStore, TraceAnswer, TraceQuestion } from './trace-store.ts';

export type TraceStore = Environment['spec']['traces'][string];

const stores: Readonly<Record<TraceStore['type'], { ask: AskStore; mediaType: string }>> = {
  jaeger: { ask: askJaeger, mediaType: 'application/json' },
  tempo: { ask: askTempo, mediaType: 'application/x-ndjson' },
};

/**
 * The traces as received, and what is missing. First only those of the namespace, because production traffic under the same service name could fill
 * the store's limit; all of the service when no span has that namespace. The analysis filters them.
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
  return { bytes: null, mediaType, missing: [`no trace of ${service} between ${from.toISOString()} and ${to.toISOString()}`] };
}
