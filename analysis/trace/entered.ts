// Selects the traces of the load: production and staging use the same service name, so one answer contains traces of both.
import type { SpanRecord } from './spans.ts';

/** A Deployment as in the attributes of spans. */
export interface EntryPlace {
  namespace: string;
  deployment: string;
}

export interface Entered {
  /** Spans of the traces that are kept. */
  spans: SpanRecord[];
  traces: number;
  /** Traces left out because they entered elsewhere. */
  elsewhere: number;
  /** Traces kept although they do not contain where they entered. */
  unmarked: number;
}

/**
 * Keeps the traces of requests that entered `service` at the given Deployment, and those without k8s.namespace.name. A request enters
 * where the service is first reached: its callers, such as an ingress, may run anywhere.
 */
export function enteredAt(spans: readonly SpanRecord[], service: string, at: EntryPlace): Entered {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  const entered: Entered = { spans: [], traces: 0, elsewhere: 0, unmarked: 0 };
  for (const own of byTrace.values()) {
    const entries = entriesOf(own, service);
    if (entries.length > 0 && entries.every((entry) => isElsewhere(entry, at))) {
      entered.elsewhere += 1;
      continue;
    }
    entered.traces += 1;
    if (entries.every(({ namespace }) => namespace === '')) entered.unmarked += 1;
    // One by one: a trace may have more spans than a call takes as arguments.
    for (const span of own) entered.spans.push(span);
  }
  return entered;
}

const isElsewhere = (span: SpanRecord, at: EntryPlace): boolean =>
  (span.namespace !== '' && span.namespace !== at.namespace) || (span.deployment !== '' && span.deployment !== at.deployment);

/** The spans of the service without a span of the service above them; the roots where the service has no span. */
function entriesOf(trace: readonly SpanRecord[], service: string): SpanRecord[] {
  const byId = new Map(trace.map((span) => [span.spanId, span]));
  const own = trace.filter((span) => span.service === service);
  if (own.length === 0) return trace.filter(({ parentId }) => !byId.has(parentId));
  // Spans of a service are mostly adjacent, so the walk up ends at once; a circle of parents ends it too.
  const top = own.filter((span) => {
    const passed = new Set<SpanRecord>([span]);
    for (let above = byId.get(span.parentId); above && !passed.has(above); above = byId.get(above.parentId)) {
      if (above.service === service) return false;
      passed.add(above);
    }
    return true;
  });
  return top.length === 0 ? own : top;
}
