// Reads one file as whatever it is. The points of k6 are streamed, everything else is read whole within a bound.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { UnreadableEvidence, type Analysis } from '../../analysis/analysis.ts';
import { isGzip, WHOLE_LIMIT_BYTES } from '../../analysis/bytes/gunzip.ts';
import { evidenceKinds, isK6Points, recognize, type AnalyzeOptions, type ReadableKind } from '../../analysis/evidence-kinds.ts';
import { describeGoroutines } from '../../analysis/goroutine/describe.ts';
import { readGoroutines } from '../../analysis/goroutine/read.ts';
import { compareLoads, compareSideBySide, comparisonFacts, comparisonTable, type Comparison } from '../../analysis/load-test/compare.ts';
import { loadFacts } from '../../analysis/load-test/facts.ts';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import type { LoadPlan } from '../../analysis/load-test/run-record.ts';
import { gunzipped, summarizeLoad, readLoadPlan } from '../../analysis/load-test/summary.ts';
import { judgeUnplanned } from '../../analysis/load-test/unplanned.ts';
import { commonWindows, loadWindows, windowSeconds, type CommonWindows } from '../../analysis/load-test/windows.ts';
import { parserReady } from '../../analysis/postgres/statement.ts';
import { differenceTable } from '../../analysis/profile/difference.ts';
import { readProfile } from '../../analysis/profile/read.ts';
import { profileOfTrace } from './execution-trace.ts';
import type { AnalyzedFile } from './document.ts';

export interface FileOptions extends AnalyzeOptions {
  /** An earlier file of the same kind to compare with. */
  before?: string;
  /** Limits that were asked for in so many words: `--p99`. What cannot obey them says so. */
  asked: readonly string[];
}

const HEAD_BYTES = 64 * 1024;

/** Never throws for what a file holds: that is told as its problem. */
export async function analyzeFile(file: string, options: FileOptions): Promise<AnalyzedFile> {
  try {
    await parserReady;
    const { kind, analysis } = await analyze(file, options);
    return { file, kind, problem: null, ...analysis };
  } catch (error) {
    if (!(error instanceof UnreadableEvidence) && !isSystemError(error)) throw error;
    return { file, kind: 'unreadable', problem: error.message, findings: [], facts: [], tables: [] };
  }
}

const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

async function analyze(file: string, options: FileOptions): Promise<{ kind: string; analysis: Analysis }> {
  const head = await headOf(file);
  if (isK6Points(head)) return { kind: 'k6-points', analysis: await analyzePoints(file, options) };
  const bytes = await wholeOf(file);
  if (isExecutionTrace(bytes)) {
    const analysis = await profileOfTrace(file);
    const ignored = options.before === undefined ? [] : [ignoredFact('--before', 'nothing here compares execution traces')];
    return { kind: 'execution-trace', analysis: { ...analysis, facts: [...ignored, ...analysis.facts] } };
  }
  const kind = recognize(bytes);
  const analysis = await evidenceKinds[kind].analyze(bytes, options);
  return { kind, analysis: options.before === undefined ? analysis : await comparedWith(options.before, kind, bytes, analysis) };
}

/** An option that was given and changes nothing is told beside what was measured, in text and JSON alike. */
const ignoredFact = (option: string, why: string): Analysis['facts'][number] => ({ subject: option, text: `ignored: ${why}`, values: {} });

const limitsText = ({ limits }: LoadPlan): string => `p99 ${limits.p99Ms} ms, error rate ${limits.errorPercent} %`;

const PROFILES: readonly string[] = ['cpu-profile', 'heap-profile', 'mutex-profile', 'block-profile'];

/** The analysis, and what is different from an earlier file. Throws UnreadableEvidence where that one is of another kind. */
async function comparedWith(before: string, kind: ReadableKind, bytes: Uint8Array, analysis: Analysis): Promise<Analysis> {
  const earlier = await wholeOf(before);
  const earlierKind = recognize(earlier);
  if (earlierKind !== kind)
    throw new UnreadableEvidence(
      `the earlier file is of another kind: ${evidenceKinds[earlierKind].title}, not ${evidenceKinds[kind].title}`,
      before,
      'compare files of one kind',
    );
  if (kind === 'goroutine-profile') return describeGoroutines(readGoroutines(bytes), readGoroutines(earlier));
  if (PROFILES.includes(kind))
    return { ...analysis, tables: [differenceTable(readProfile(earlier), readProfile(bytes)), ...analysis.tables] };
  throw new UnreadableEvidence(
    `nothing here compares a ${evidenceKinds[kind].title} with an earlier one`,
    before,
    'leave out --before; points of k6, profiles and goroutines can be compared',
  );
}

/** The points of two runs, window by window. */
async function comparePoints(before: string, file: string, plan: LoadPlan | null, analysis: Analysis): Promise<Analysis> {
  const [earlier, later] = await Promise.all(
    [before, file].map((each) => loadWindows(createReadStream(each), plan === null ? undefined : windowSeconds(plan.stages))),
  );
  if (!earlier || !later)
    throw new UnreadableEvidence('there is no request in it', earlier ? file : before, 'compare the points of two runs');
  const common = commonWindows(earlier, later);
  const { comparison, widthSeconds } =
    common === null
      ? { comparison: compareLoads(earlier, later), widthSeconds: later.widthSeconds }
      : { comparison: await sideBySide(before, file, common), widthSeconds: common.widthSeconds };
  const table = comparisonTable(comparison, widthSeconds, `Against ${before}`);
  if (common !== null) table.notes.push('both ran at once: compared window with window of the same time (Wilcoxon’s signed ranks)');
  const earlierPlan = await readLoadPlan(createReadStream(before));
  if (JSON.stringify(earlierPlan?.stages) !== JSON.stringify(plan?.stages))
    table.notes.push('the two runs were offered different loads: what changed may be that');
  return { ...analysis, facts: [...analysis.facts, ...comparisonFacts(comparison, 'than before')], tables: [...analysis.tables, table] };
}

/** Two runs of the same time, read again in windows they have in common. */
async function sideBySide(before: string, file: string, { fromMs, widthSeconds }: CommonWindows): Promise<Comparison> {
  const [one, other] = await Promise.all([before, file].map((each) => loadWindows(createReadStream(each), widthSeconds, fromMs)));
  return one && other ? compareSideBySide(one, other) : { shifts: [], not: [] };
}

async function analyzePoints(file: string, { limits, before, asked }: FileOptions): Promise<Analysis> {
  const plan = await readLoadPlan(createReadStream(file));
  const used = plan?.limits ?? { ...limits, deliveredPercent: 0, endpoints: {} };
  const summary = await summarizeLoad(createReadStream(file), used);
  const analysis: Analysis = {
    findings: plan === null ? judgeUnplanned(summary, limits) : judgeLoad(summary, plan.limits, plan.stages),
    facts: [
      ...(plan === null
        ? []
        : asked.map((option) => ignoredFact(option, `the run says itself what it was judged by: ${limitsText(plan)}`))),
      ...loadFacts(summary, used, plan?.stages ?? []),
    ],
    tables: [
      {
        title: 'Requests by endpoint',
        columns: ['endpoint', 'requests', 'failed', 'p50', 'p95', 'p99', 'p99 at most'].map((name) => ({
          name,
          unit: name.startsWith('p') ? 'ms' : '',
        })),
        rows: summary.endpoints.map(({ endpoint, requests, failed, p50Ms, p95Ms, p99Ms, p99UpperMs }) => [
          endpoint,
          requests,
          failed,
          p50Ms,
          p95Ms,
          p99Ms,
          p99UpperMs,
        ]),
        notes:
          plan === null
            ? ['these points do not say what load was asked for, nor whether it was open: they can fail here, but never pass']
            : [],
      },
    ],
  };
  return before === undefined ? analysis : comparePoints(before, file, plan, analysis);
}

/** The first bytes, unpacked. */
async function headOf(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    return isGzip(head) ? await firstUnpacked(head) : head;
  } finally {
    await handle.close();
  }
}

async function firstUnpacked(head: Uint8Array): Promise<Uint8Array> {
  try {
    for await (const chunk of gunzipped(once(head))) return chunk;
  } catch {
    // Cut off, as a head is: whatever reads the whole says what is wrong with it.
  }
  return new Uint8Array();
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function wholeOf(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > WHOLE_LIMIT_BYTES)
      throw new UnreadableEvidence(
        `this is larger than ${WHOLE_LIMIT_BYTES / 1024 / 1024} MB`,
        `byte ${WHOLE_LIMIT_BYTES}`,
        'capture a shorter stretch of time',
      );
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

const isExecutionTrace = (bytes: Uint8Array): boolean => /^go 1\.\d+ trace\0/u.test(String.fromCharCode(...bytes.subarray(0, 16)));
