// Spans of many traces as columns.

/** What a span spends its time on, inferred from its attributes and name. */
export const CATEGORIES = ['own code', 'redis', 'database', 'pool', 'grpc', 'http', 'dial', 'messaging'] as const;
export type Category = (typeof CATEGORIES)[number];

/** Side of a call; `other` for neither, or without a kind. */
export const KINDS = ['other', 'client', 'server'] as const;
export type Kind = (typeof KINDS)[number];

/** Parent of a root, and of a span whose parent is missing. */
export const NO_PARENT = -1;
export const ORPHAN = -2;

/**
 * Span i belongs to trace `trace[i]`, is operation `operations[operation[i]]` (`[service] name`), and lasts from `startUs[i]` to
 * `endUs[i]`, microseconds since the first whole second of its trace. The spans of a trace are consecutive.
 */
export interface Spans {
  count: number;
  traces: number;
  /** Id of each trace. */
  traceIds: string[];
  trace: Int32Array;
  parent: Int32Array;
  startUs: Float64Array;
  endUs: Float64Array;
  operations: string[];
  operation: Int32Array;
  /** Index into CATEGORIES. */
  category: Uint8Array;
  /** Index into KINDS. */
  kind: Uint8Array;
  /** 1 where the span or its status is an error. */
  failed: Uint8Array;
  /** 1 where the parent did not wait: a message consumer, a FOLLOWS_FROM link. */
  asynchronous: Uint8Array;
  /** A gRPC or HTTP status other than OK, or empty. */
  status: string[];
}

/** One span as a reader produces it. */
export interface SpanRecord {
  traceId: string;
  spanId: string;
  /** Empty for a root. */
  parentId: string;
  service: string;
  /** Resource attributes k8s.namespace.name and k8s.deployment.name; empty where missing. */
  namespace: string;
  deployment: string;
  name: string;
  /** Whole seconds since 1970, and nanoseconds in them: together they exceed a double's precision. */
  startSeconds: number;
  startNanos: number;
  endSeconds: number;
  endNanos: number;
  category: Category;
  kind: Kind;
  failed: boolean;
  asynchronous: boolean;
  status: string;
}

/** Converts records to columns, by trace. A duplicate span counts once; `duplicates` is their number. */
export function columnsOf(records: readonly SpanRecord[]): Spans & { duplicates: number } {
  const byTrace = Map.groupBy(records, ({ traceId }) => traceId);
  const count = records.length;
  const spans = {
    trace: new Int32Array(count),
    parent: new Int32Array(count),
    startUs: new Float64Array(count),
    endUs: new Float64Array(count),
    operation: new Int32Array(count),
    category: new Uint8Array(count),
    kind: new Uint8Array(count),
    failed: new Uint8Array(count),
    asynchronous: new Uint8Array(count),
  };
  const status: string[] = [];
  const operations: string[] = [];
  const operationAt = new Map<string, number>();
  let at = 0;
  let trace = 0;
  let duplicates = 0;
  for (const own of byTrace.values()) {
    const base = own.reduce((min, { startSeconds }) => Math.min(min, startSeconds), Infinity);
    const byId = new Map<string, number>();
    const placed: SpanRecord[] = [];
    const first = at;
    for (const record of own) {
      if (byId.has(record.spanId)) {
        duplicates += 1;
        continue;
      }
      byId.set(record.spanId, at);
      placed.push(record);
      const name = `[${record.service}] ${record.name}`;
      let operation = operationAt.get(name);
      if (operation === undefined) {
        operationAt.set(name, (operation = operations.length));
        operations.push(name);
      }
      spans.trace[at] = trace;
      spans.startUs[at] = (record.startSeconds - base) * 1e6 + record.startNanos / 1e3;
      spans.endUs[at] = (record.endSeconds - base) * 1e6 + record.endNanos / 1e3;
      spans.operation[at] = operation;
      spans.category[at] = CATEGORIES.indexOf(record.category);
      spans.kind[at] = KINDS.indexOf(record.kind);
      spans.failed[at] = record.failed ? 1 : 0;
      spans.asynchronous[at] = record.asynchronous ? 1 : 0;
      status.push(record.status);
      at += 1;
    }
    placed.forEach(({ parentId }, index) => {
      spans.parent[first + index] = parentId === '' ? NO_PARENT : (byId.get(parentId) ?? ORPHAN);
    });
    trace += 1;
  }
  return {
    count: at,
    traces: trace,
    traceIds: [...byTrace.keys()],
    trace: spans.trace.subarray(0, at),
    parent: spans.parent.subarray(0, at),
    startUs: spans.startUs.subarray(0, at),
    endUs: spans.endUs.subarray(0, at),
    operations,
    operation: spans.operation.subarray(0, at),
    category: spans.category.subarray(0, at),
    kind: spans.kind.subarray(0, at),
    failed: spans.failed.subarray(0, at),
    asynchronous: spans.asynchronous.subarray(0, at),
    status,
    duplicates,
  };
}
