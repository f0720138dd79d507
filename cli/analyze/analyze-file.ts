// Analyzes one file of any kind. k6 points are streamed, everything else is read whole up to a limit.
import { createReadStream } from 'node:fs';
import { latency, percent } from '../../verdict/wording/index.ts';
import { UnreadableEvidence, type Analysis } from '../../analysis/analysis.ts';
import { gunzipBounded } from '../../analysis/bytes/gunzip.ts';
import type { ReportLimits } from '../../analysis/load-report/judge.ts';
import { evidenceKinds, isK6Points, recognize, type AnalyzeOptions, type ReadableKind } from '../../analysis/evidence-kinds.ts';
import { describeGoroutines } from '../../analysis/goroutine/describe.ts';
import { readGoroutines } from '../../analysis/goroutine/read.ts';
import { compareLoads, compareSideBySide, comparisonFacts, comparisonTable, type Comparison } from '../../analysis/load-test/compare.ts';
import { loadFacts } from '../../analysis/load-test/facts.ts';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import type { LoadPlan } from '../../analysis/load-test/run-record.ts';
import { summarizeLoad, readLoadPlan } from '../../analysis/load-test/summary.ts';
import { judgeUnplanned } from '../../analysis/load-test/unplanned.ts';
import { commonWindows, loadWindows, windowSeconds, type CommonWindows } from '../../analysis/load-test/windows.ts';
import { parserReady } from '../../analysis/postgres/statement.ts';
import { describeProfile } from '../../analysis/profile/describe.ts';
import { differenceTable } from '../../analysis/profile/difference.ts';
import type { Profile } from '../../analysis/profile/profile.ts';
import { readProfile } from '../../analysis/profile/read.ts';
import { loadByStage, saturationByStage } from '../../analysis/runtime/by-stage.ts';
import type { AnalyzedFile } from './document.ts';
import { isExecutionTrace, profileOfTrace } from './execution-trace.ts';
import { headOf, NotAFile, once, wholeOf, withInput, withTemporaryFile, type Input } from './input.ts';

export interface FileOptions extends AnalyzeOptions {
  limits: ReportLimits;
  /** An earlier file of the same kind to compare with. */
  before?: string;
  /** Limits given as options. Analyses that do not use one report that. */
  asked: readonly string[];
}

/** Never throws for the content of a file: that becomes its `problem`. */
export async function analyzeFile(file: string, options: FileOptions): Promise<AnalyzedFile> {
  try {
    await parserReady;
    const { kind, analysis } = await withInput(file, (input) => analyze(input, options));
    return { file, kind, problem: null, ...analysis };
  } catch (error) {
    if (!(error instanceof UnreadableEvidence) && !(error instanceof NotAFile) && !isSystemError(error)) throw error;
    return { file, kind: 'unreadable', problem: error.message, findings: [], facts: [], tables: [] };
  }
}

const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

async function analyze(input: Input, options: FileOptions): Promise<{ kind: string; analysis: Analysis }> {
  const head = await headOf(input);
  if (isK6Points(head)) return { kind: 'k6-points', analysis: await analyzePoints(input, options) };
  if (isExecutionTrace(head)) return { kind: 'execution-trace', analysis: await analyzeTrace(input, options) };
  const now = await readWhole(input);
  const { kind, bytes, profile } = now;
  const analysis = profile === null ? await evidenceKinds[kind].analyze(bytes, options) : describeProfile(profile);
  return { kind, analysis: options.before === undefined ? analysis : await comparedWith(options.before, now, analysis) };
}

/** The Go tool does not read gzipped files, so they are unpacked for it. */
async function analyzeTrace(input: Input, { before }: FileOptions): Promise<Analysis> {
  const bytes = await wholeOf(input);
  const plain = gunzipBounded(bytes);
  const analysis =
    plain === bytes ? await profileOfTrace(input.path) : await withTemporaryFile(once(plain), (path) => profileOfTrace(path));
  const ignored = before === undefined ? [] : [ignoredFact('--before', 'execution traces cannot be compared')];
  return { ...analysis, facts: [...ignored, ...analysis.facts] };
}

interface Whole {
  kind: ReadableKind;
  bytes: Uint8Array;
  /** Decoded once, since it may take seconds; null if it is not a profile of functions. */
  profile: Profile | null;
}

const PROFILES: ReadonlySet<string> = new Set(['cpu-profile', 'heap-profile', 'mutex-profile', 'block-profile']);

async function readWhole(input: Input): Promise<Whole> {
  const bytes = await wholeOf(input);
  const kind = recognize(bytes);
  return { kind, bytes, profile: PROFILES.has(kind) ? readProfile(bytes) : null };
}

/** An option without effect is reported beside the measurements, as text and as JSON. */
const ignoredFact = (option: string, why: string): Analysis['facts'][number] => ({ subject: option, text: `ignored: ${why}`, values: {} });

const limitsText = ({ limits }: LoadPlan): string => `p99 ${latency(limits.p99Ms)}, error rate ${percent(limits.errorPercent)}`;

/** The analysis and the comparison with an earlier file. Throws UnreadableEvidence if that file is of another kind. */
async function comparedWith(before: string, now: Whole, analysis: Analysis): Promise<Analysis> {
  const earlier = await withInput(before, readWhole);
  if (!comparable(earlier, now))
    throw new UnreadableEvidence(
      `the earlier file is of another kind: ${evidenceKinds[earlier.kind].title}, not ${evidenceKinds[now.kind].title}`,
      before,
      'compare files of one kind',
    );
  if (now.kind === 'goroutine-profile') return describeGoroutines(readGoroutines(now.bytes), readGoroutines(earlier.bytes));
  if (now.profile !== null && earlier.profile !== null)
    return { ...analysis, tables: [differenceTable(earlier.profile, now.profile), ...analysis.tables] };
  throw new UnreadableEvidence(
    `files of this kind cannot be compared: ${evidenceKinds[now.kind].title}`,
    before,
    'leave out --before; k6 points, profiles and goroutines can be compared',
  );
}

const OF_WAITS: ReadonlySet<string> = new Set(['mutex-profile', 'block-profile']);

/** Mutex and block profiles differ only in their stacks: a profile without stacks may be either. */
function comparable(earlier: Whole, now: Whole): boolean {
  if (earlier.kind === now.kind) return true;
  return [earlier, now].every(({ kind }) => OF_WAITS.has(kind)) && [earlier, now].some(({ profile }) => profile?.samples === 0);
}

/** The points of two runs, window by window. */
async function comparePoints(before: Input, now: Input, plan: LoadPlan | null, analysis: Analysis): Promise<Analysis> {
  const [earlier, later] = await Promise.all(
    [before, now].map((each) => loadWindows(createReadStream(each.path), plan === null ? undefined : windowSeconds(plan.stages))),
  );
  if (!earlier || !later)
    throw new UnreadableEvidence('it has no requests', (earlier ? now : before).name, 'compare the points of two runs');
  const common = commonWindows(earlier, later);
  const { comparison, widthSeconds } =
    common === null
      ? { comparison: compareLoads(earlier, later), widthSeconds: later.widthSeconds }
      : { comparison: await sideBySide(before, now, common), widthSeconds: common.widthSeconds };
  const table = comparisonTable(comparison, widthSeconds, `Against ${before.name}`);
  if (common !== null) table.notes.push('the runs overlap: windows of the same time are compared (Wilcoxon signed-rank test)');
  const earlierPlan = await readLoadPlan(createReadStream(before.path));
  if (JSON.stringify(earlierPlan?.stages) !== JSON.stringify(plan?.stages))
    table.notes.push('the runs had different load: that may explain the difference');
  return { ...analysis, facts: [...analysis.facts, ...comparisonFacts(comparison, 'than before')], tables: [...analysis.tables, table] };
}

/** Two runs of the same time, read again in windows they have in common. */
async function sideBySide(before: Input, now: Input, { fromMs, widthSeconds }: CommonWindows): Promise<Comparison> {
  const [one, other] = await Promise.all([before, now].map(({ path }) => loadWindows(createReadStream(path), widthSeconds, fromMs)));
  return one && other ? compareSideBySide(one, other) : { shifts: [], not: [] };
}

async function analyzePoints(input: Input, { limits, before, asked }: FileOptions): Promise<Analysis> {
  const plan = await readLoadPlan(createReadStream(input.path));
  const used = plan?.limits ?? { ...limits, deliveredPercent: 0, endpoints: {} };
  const summary = await summarizeLoad(createReadStream(input.path), used);
  const stages = plan !== null && plan.stages.length > 1 ? await loadByStage(createReadStream(input.path), plan.stages) : null;
  const analysis: Analysis = {
    findings: plan === null ? judgeUnplanned(summary, limits) : judgeLoad(summary, plan.limits, plan.stages),
    facts: [
      ...(plan === null ? [] : asked.map((option) => ignoredFact(option, `the run records its own limits: ${limitsText(plan)}`))),
      ...loadFacts(summary, used, plan?.stages ?? []),
      ...saturationByStage(stages ?? []),
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
        notes: plan === null ? ['these points record neither the requested load nor an open model: they can fail, but never pass'] : [],
      },
    ],
  };
  if (before === undefined) return analysis;
  return await withInput(before, (earlier) => comparePoints(earlier, input, plan, analysis));
}
