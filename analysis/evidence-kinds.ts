// Every kind of bytes that can be analysed, one row each: the table behind `tminus analyze` and the evidence pages.
import type { EvidenceKind } from '../verdict/finding.ts';
import { UnreadableEvidence, type Analysis } from './analysis.ts';
import { gunzipBounded } from './bytes/gunzip.ts';
import { judgeDrill } from './drill/judge.ts';
import { readDrillRecord } from './drill/record.ts';
import { describeGoroutines } from './goroutine/describe.ts';
import { readGoroutines } from './goroutine/read.ts';
import { describeReport, judgeReport, type ReportLimits } from './load-report/judge.ts';
import { readJsonReport } from './load-report/json-reports.ts';
import type { LoadReport } from './load-report/report.ts';
import { readTextReport } from './load-report/text-reports.ts';
import { describeActivity, describeStatements } from './postgres/describe-load.ts';
import { describePlan } from './postgres/describe.ts';
import { readActivitySamples, readStatementsRecord } from './postgres/read-records.ts';
import { readPlan } from './postgres/read-plan.ts';
import { hasHolders } from './profile/contention.ts';
import { describeProfile } from './profile/describe.ts';
import { readProfile, sampleTypesOf } from './profile/read.ts';
import { describeRecord } from './record/describe.ts';
import { describePodFailures, readPodFailures } from './rollout/pod-failures.ts';
import { judgeRuntime } from './runtime/judge.ts';
import { readRuntimeSamples } from './runtime/read-samples.ts';
import { summarizeRuntime } from './runtime/summary.ts';
import { describeTraces } from './trace/describe.ts';
import { readTraces } from './trace/read.ts';
import { describeTrigger } from './trigger/record.ts';

export interface AnalyzeOptions {
  /** Null where only facts and tables are wanted: nothing is judged that needs a limit. */
  limits: ReportLimits | null;
}

interface Row {
  /** For people. */
  title: string;
  analyze(bytes: Uint8Array, options: AnalyzeOptions): Analysis | Promise<Analysis>;
}

const profile: Row['analyze'] = (bytes) => describeProfile(readProfile(bytes));

/** Without `k6-points`, which may be of any size and are read as a stream (`load-test/summary.ts`). */
export const evidenceKinds = {
  'cpu-profile': { title: 'CPU profile', analyze: profile },
  'heap-profile': { title: 'heap profile', analyze: profile },
  'mutex-profile': { title: 'mutex profile', analyze: profile },
  'block-profile': { title: 'block profile', analyze: profile },
  'goroutine-profile': { title: 'goroutines', analyze: (bytes) => describeGoroutines(readGoroutines(bytes)) },
  'goroutine-leak-profile': { title: 'leaked goroutines', analyze: (bytes) => describeGoroutines(readGoroutines(bytes)) },
  'query-plan': { title: 'PostgreSQL plan', analyze: (bytes) => describePlan(readPlan(bytes)) },
  'slow-statements': { title: 'PostgreSQL statements', analyze: (bytes) => describeStatements(readStatementsRecord(bytes)) },
  'lock-waits': { title: 'PostgreSQL sessions', analyze: (bytes) => describeActivity(readActivitySamples(bytes)) },
  'pod-failures': { title: 'failed pods', analyze: (bytes) => describePodFailures(readPodFailures(gunzipBounded(bytes))) },
  'countdown-record': { title: 'countdown record', analyze: (bytes) => describeRecord(gunzipBounded(bytes)) },
  'trigger-samples': { title: 'trigger samples', analyze: (bytes) => describeTrigger(gunzipBounded(bytes)) },
  'drill-record': { title: 'drill', analyze: (bytes) => judgeDrill(readDrillRecord(gunzipBounded(bytes))) },
  traces: { title: 'traces', analyze: (bytes) => describeTraces(readTraces(bytes)) },
  'load-report': {
    title: 'load report',
    analyze: (bytes, { limits }) => (limits === null ? describeReport(readLoadReport(bytes)) : judgeReport(readLoadReport(bytes), limits)),
  },
  'runtime-samples': {
    title: 'runtime samples',
    async analyze(bytes, { limits }) {
      const samples = await readRuntimeSamples(one(bytes));
      const findings = limits === null ? [] : judgeRuntime(samples, { p99LimitMs: limits.p99Ms });
      return { findings, facts: summarizeRuntime(samples), tables: [] };
    },
  },
} as const satisfies Partial<Record<EvidenceKind, Row>>;

export type ReadableKind = keyof typeof evidenceKinds;

export const isReadableKind = (kind: string): kind is ReadableKind => Object.hasOwn(evidenceKinds, kind);

const HINT = 'see `tminus analyze --help` for the kinds that can be read';

/** Enough of a text to detect its kind. */
const HEAD_CHARACTERS = 4_096;
/** auto_explain and the plans that Tminus stores start with the statement; the plan follows. */
const QUERY_TEXT = /^\s*(?:\[?\s*\{\s*"Query Text":|Query Text: )/u;
const K6_LINE = /^\s*\{"(?:type":"(?:Metric|Point|Run)"|metric":")/u;

/** True for the points of k6, by the first bytes (decompressed). */
export const isK6Points = (head: Uint8Array): boolean => K6_LINE.test(new TextDecoder().decode(head.subarray(0, 256)));

/** Detects the kind of bytes (gzip or not) from their content, never from a name. Throws UnreadableEvidence on an unknown kind. */
export function recognize(bytes: Uint8Array): ReadableKind {
  if (bytes.length === 0) throw new UnreadableEvidence('the file is empty', 'byte 0', HINT);
  const plain = gunzipBounded(bytes);
  const head = new TextDecoder().decode(plain.subarray(0, HEAD_CHARACTERS));
  if (/^go 1\.\d+ trace/u.test(head))
    throw new UnreadableEvidence(
      'this execution trace was combined with other files',
      'byte 0',
      'analyze it as the only file, or convert it to a profile with `go tool trace -pprof=net|sync|syscall|sched FILE`',
    );
  if (!isText(plain)) return profileKind(plain);
  if (/^goroutine(leak)? profile: total/u.test(head))
    return head.startsWith('goroutineleak') ? 'goroutine-leak-profile' : 'goroutine-profile';
  if (/^goroutine \d+ .*\[/mu.test(head)) return 'goroutine-profile';
  if (QUERY_TEXT.test(head) || /QUERY PLAN|\(cost=[\d.]+\.\.|\(actual time=|"Node Type"/u.test(head)) return 'query-plan';
  const trimmed = head.trimStart();
  if (/^\{"at":"[^"]+","unread"/u.test(trimmed)) return 'lock-waits';
  if (/^\{"at":"[^"]+","pod"/u.test(trimmed)) return 'runtime-samples';
  if (trimmed.startsWith('{"database":')) return 'slow-statements';
  if (trimmed.startsWith('{"podFailures":')) return 'pod-failures';
  if (trimmed.startsWith('{"trigger":')) return 'trigger-samples';
  if (trimmed.startsWith('{"drill":')) return 'drill-record';
  if (trimmed.startsWith('{"audit":[')) return 'countdown-record';
  if (/"(?:resourceSpans|batches|traceID|spans)"/u.test(head)) return 'traces';
  readLoadReport(bytes, plain);
  return 'load-report';
}

function unknownKind(): never {
  throw new UnreadableEvidence('not a known profile, dump, plan, trace or load report', 'byte 0', HINT);
}

/** A report is detected by reading it, so the result is kept as long as its bytes. */
const reports = new WeakMap<Uint8Array, LoadReport>();

/** Reads any load report but k6's points. Throws UnreadableEvidence. @param plain the decompressed bytes, if available. */
export function readLoadReport(bytes: Uint8Array, plain?: Uint8Array): LoadReport {
  const report = reports.get(bytes) ?? loadReportIn(plain ?? gunzipBounded(bytes)) ?? unknownKind();
  reports.set(bytes, report);
  return report;
}

function loadReportIn(plain: Uint8Array): LoadReport | null {
  const text = new TextDecoder().decode(plain);
  const lines = readTextReport(text);
  if (lines !== null || !/^\s*[[{]/u.test(text)) return lines;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new UnreadableEvidence('not JSON, or truncated', 'line 1', 'export the report again');
  }
  return readJsonReport(document);
}

/** By its sample types; only delay profiles are decoded, and these are small. */
function profileKind(plain: Uint8Array): ReadableKind {
  const types = sampleTypesOf(plain).map(({ type }) => type);
  if (types.includes('goroutineleak')) return 'goroutine-leak-profile';
  if (types.includes('goroutine')) return 'goroutine-profile';
  if (types.includes('delay')) return hasHolders(readProfile(plain)) ? 'mutex-profile' : 'block-profile';
  if (types.includes('inuse_space') || types.includes('alloc_space')) return 'heap-profile';
  return 'cpu-profile';
}

const isText = (plain: Uint8Array): boolean =>
  plain.subarray(0, 512).every((byte) => byte === 9 || byte === 10 || byte === 13 || byte >= 32);

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield gunzipBounded(bytes);
}
