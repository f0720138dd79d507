// Spans of many traces as columns.

/** What a span is spent on, told from its attributes and name. */
export const CATEGORIES = ['own code', 'redis', 'database', 'pool', 'grpc', 'http', 'dial', 'messaging'] as const;
export type Category = (typeof CATEGORIES)[number];

/** On which side of a call a span stands; `other` where it is on none, or does not say. */
export const KINDS = ['other', 'client', 'server'] as const;
export type Kind = (typeof KINDS)[number];

/** Parent of a span that has none, and of one whose parent is not among the spans. */
export const NO_PARENT = -1;
export const ORPHAN = -2;

/**
 * Span i belongs to trace `trace[i]`, is operation `operations[operation[i]]` (`[service] name`), and lasts from `startUs[i]` to `endUs[i]`,
 * microseconds since the start of its trace's first second. Traces have their spans in a row.
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
  /** 1 where the span says that it failed, or its status does. */
  failed: Uint8Array;
  /** 1 where the parent did not wait: a consumer of a message, a link that follows from. */
  asynchronous: Uint8Array;
  /** What is not OK: a gRPC or HTTP status, or empty. */
  status: string[];
}

/** One span as a reader hands it in. */
export interface SpanRecord {
  traceId: string;
  spanId: string;
  /** Empty for a root. */
  parentId: string;
  service: string;
  /** Where the span was made: resource attributes k8s.namespace.name and k8s.deployment.name; empty where it does not say. */
  namespace: string;
  deployment: string;
  name: string;
  /** Whole seconds since 1970, and nanoseconds in them: together they exceed what a double holds. */
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

/** Puts records into columns, by trace. A span told twice counts once; `doubled` says how many were. */
export function columnsOf(records: readonly SpanRecord[]): Spans & { doubled: number } {
  const byTrace = new Map<string, SpanRecord[]>();
  for (const record of records) {
    const of = byTrace.get(record.traceId);
    if (of) of.push(record);
    else byTrace.set(record.traceId, [record]);
  }
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
  let doubled = 0;
  for (const own of byTrace.values()) {
    const base = own.reduce((least, { startSeconds }) => Math.min(least, startSeconds), Infinity);
    const byId = new Map<string, number>();
    const placed: SpanRecord[] = [];
    const first = at;
    for (const record of own) {
      if (byId.has(record.spanId)) {
        doubled += 1;
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
    doubled,
  };
}
