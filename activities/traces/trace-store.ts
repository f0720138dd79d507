// What a kind of trace store has to answer. Each kind is one file beside this one and one line in ask-traces.ts.

export interface TraceQuestion {
  /** Address of the store's query API. */
  url: string;
  service: string;
  /** Only traces with a span of the service made in this namespace (resource attribute k8s.namespace.name); null for all of the service. */
  namespace: string | null;
  from: Date;
  to: Date;
}

/** Nothing found is no bytes and nothing missing. */
export interface TraceAnswer {
  /** As it came: one JSON document, or one a line. Null where there is no trace, or none could be had. */
  bytes: Uint8Array | null;
  /** What was to be had and was not, with count and reason. An answer that is less than all there is always says so. */
  missing: string[];
}

export type AskStore = (question: TraceQuestion) => Promise<TraceAnswer>;
