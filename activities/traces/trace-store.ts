// Interface of a trace store. A new kind is a file beside this one and a line in ask-traces.ts.

export interface TraceQuestion {
  /** URL of the query API. */
  url: string;
  service: string;
  /** Only traces with a span of the service in this namespace (resource attribute k8s.namespace.name); null: all of the service. */
  namespace: string | null;
  from: Date;
  to: Date;
}

/** No trace found: `bytes` null and `missing` empty. */
export interface TraceAnswer {
  /** As received: one JSON document, or one per line. */
  bytes: Uint8Array | null;
  /** What could not be fetched, with count and reason; never empty for an incomplete answer. */
  missing: string[];
}

export type AskStore = (question: TraceQuestion) => Promise<TraceAnswer>;
