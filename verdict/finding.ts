// A finding: one judged statement about evidence, and the three builders that make it. Every room may import this file.
import type { codes } from './codes.ts';

/** Pass, fail or inconclusive. The last is never counted as a pass (DESIGN.md section 5, rule 2). */
export type Outcome = 'pass' | 'fail' | 'inconclusive';

/** What the bytes of a piece of evidence are. One row per kind in `analysis/evidence-kinds.ts`. */
export type EvidenceKind =
  | 'k6-points'
  | 'k6-script'
  | 'runtime-samples'
  | 'cpu-profile'
  | 'heap-profile'
  | 'goroutine-profile'
  | 'goroutine-leak-profile'
  | 'mutex-profile'
  | 'block-profile'
  | 'execution-trace'
  | 'load-report'
  | 'query-plan'
  | 'slow-statements'
  | 'lock-waits'
  | 'index-proof'
  | 'diagnosis'
  | 'pool-samples'
  | 'traces'
  | 'deployment-snapshot'
  | 'rollout-events'
  | 'pod-failures'
  | 'prometheus-samples'
  | 'trigger-samples'
  | 'preflight-answers'
  | 'release-file'
  | 'drill-record'
  | 'countdown-record';

/** A pointer to bytes in the evidence store. Small enough for workflow history; the bytes never enter it. */
export interface EvidenceRef {
  /** `sha256:<64 hex>` of the stored bytes. */
  digest: string;
  sizeBytes: number;
  mediaType: string;
  kind: EvidenceKind;
  /** RFC 3339, UTC, by the clock of the worker that captured it. */
  capturedAt: string;
  /** Where it came from, for people: `pod shop-staging/go-api-7d4-x2x9l`. */
  source: string;
}

/** A row of `verdict/codes.ts`, such as `LatencyAboveLimit`. */
export type FindingCode = keyof typeof codes;

/** One judged statement about one subject. */
export interface Finding {
  code: FindingCode;
  /** What it is about: `POST /api/order/create`, `deployment shop/go-api`. */
  subject: string;
  outcome: Outcome;
  /** null where nothing could be measured. */
  measured: number | string | null;
  limit: number | string | null;
  /** `ms`, `%`, `requests/s`, `s`, or empty. Shares are given in percent, 0-100. */
  unit: string;
  /** One sentence, the same on page, CLI, chat and report. */
  message: string;
  /** Digests of the evidence it was made from; empty only when nothing could be captured. */
  evidence: string[];
}

/** What a finding measured, against which limit. Left out: nothing was measured, no limit applies, no evidence was captured. */
export type Measurement = Partial<Pick<Finding, 'measured' | 'limit' | 'unit' | 'evidence'>>;

const builder =
  (outcome: Outcome) =>
  (code: FindingCode, subject: string, message: string, measurement: Measurement = {}): Finding => ({
    code,
    subject,
    outcome,
    measured: null,
    limit: null,
    unit: '',
    ...measurement,
    message,
    evidence: measurement.evidence ?? [],
  });

/** The subject keeps its limit. */
export const pass = builder('pass');
/** The subject breaks its limit. */
export const fail = builder('fail');
/** Data are missing, partial or stale: nothing can be concluded, and nothing passes. */
export const inconclusive = builder('inconclusive');
/** The builder of an outcome that is decided at run time. */
export const builders = { pass, fail, inconclusive } as const satisfies Record<Outcome, unknown>;

/** A measured number worth a line in the story, not judged by itself (rollout seconds, goroutines, requests seen). */
export interface Fact {
  /** `rollout`, `runtime`, `guard`, or an endpoint. */
  subject: string;
  /** The line as people read it: `3 of 3 pods in 6.2 s`. */
  text: string;
  /** The numbers of that line, by name with the unit last: `{ seconds: 6.2, pods: 3 }`. */
  values: Record<string, number>;
}
