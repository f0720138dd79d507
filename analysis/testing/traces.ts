// The same traces in the forms of OTLP, Tempo and Jaeger, for tests.
import type { CriticalPaths } from '../trace/critical-path.ts';
import type { Spans } from '../trace/spans.ts';

export interface FixtureSpan {
  id: number;
  /** Left out of a root. */
  parent?: number;
  name: string;
  fromMs: number;
  toMs: number;
  service?: string;
  namespace?: string;
  deployment?: string;
  /** A database of this system is called. */
  system?: string;
}

export interface FixtureTrace {
  id: number;
  /** Milliseconds since 1970. */
  at?: number;
  spans: FixtureSpan[];
}

export const BASE_MS = Date.parse('2026-11-23T12:00:00Z');
export const traceId = (id: number): string => id.toString(16).padStart(32, '0');
const spanId = (id: number): string => id.toString(16).padStart(16, '0');
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const tagsOf = (values: Record<string, string | undefined>): [string, string][] =>
  Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
const resourceOf = ({ namespace, deployment }: FixtureSpan) =>
  tagsOf({ 'k8s.namespace.name': namespace, 'k8s.deployment.name': deployment });
const attributes = (tags: [string, string][]) => tags.map(([key, value]) => ({ key, value: { stringValue: value } }));

const resourceSpans = ({ id, at = BASE_MS, spans }: FixtureTrace, idOf: (hex: string) => string) =>
  spans.map((span) => ({
    resource: { attributes: attributes([['service.name', span.service ?? 'api'], ...resourceOf(span)]) },
    scopeSpans: [
      {
        spans: [
          {
            traceId: idOf(traceId(id)),
            spanId: idOf(spanId(span.id)),
            ...(span.parent === undefined ? {} : { parentSpanId: idOf(spanId(span.parent)) }),
            name: span.name,
            startTimeUnixNano: `${at + span.fromMs}000000`,
            endTimeUnixNano: `${at + span.toMs}000000`,
            attributes: attributes(tagsOf({ 'db.system': span.system })),
          },
        ],
      },
    ],
  }));

/** What is posted to a collector. */
export const otlp = (traces: readonly FixtureTrace[]): string =>
  JSON.stringify({ resourceSpans: traces.flatMap((trace) => resourceSpans(trace, (hex) => hex)) });

/** Tempo's `/api/traces/ID`: protobuf's JSON, which has ids in base64. */
export const tempoTrace = (trace: FixtureTrace): string => JSON.stringify({ batches: resourceSpans(trace, base64) });

/** Tempo's `/api/v2/traces/ID`. */
export const tempoTraceV2 = (trace: FixtureTrace): string => JSON.stringify({ trace: { resourceSpans: resourceSpans(trace, base64) } });

/** Jaeger's `/api/traces`: resource attributes are the tags of the process. */
export const jaegerAnswer = (traces: readonly FixtureTrace[]): string => {
  const tags = (of: [string, string][]) => of.map(([key, value]) => ({ key, type: 'string', value }));
  return JSON.stringify({
    data: traces.map(({ id, at = BASE_MS, spans }) => ({
      traceID: traceId(id),
      spans: spans.map((span, index) => ({
        traceID: traceId(id),
        spanID: spanId(span.id),
        operationName: span.name,
        references: span.parent === undefined ? [] : [{ refType: 'CHILD_OF', traceID: traceId(id), spanID: spanId(span.parent) }],
        startTime: (at + span.fromMs) * 1_000,
        duration: (span.toMs - span.fromMs) * 1_000,
        tags: tags(tagsOf({ 'db.system': span.system })),
        processID: `p${index}`,
      })),
      processes: Object.fromEntries(
        spans.map((span, index) => [`p${index}`, { serviceName: span.service ?? 'api', tags: tags(resourceOf(span)) }]),
      ),
    })),
    total: 0,
    errors: null,
  });
};
/** Exclusive microseconds by operation over the given roots' traces; operations off every path are not there. */
export function exclusiveByOperation(spans: Spans, { exclusiveUs }: CriticalPaths): Map<string, number> {
  const sums = new Map<string, number>();
  for (let span = 0; span < spans.count; span += 1) {
    const value = exclusiveUs[span] as number;
    if (Number.isNaN(value)) continue;
    const name = spans.operations[spans.operation[span] as number] as string;
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}
