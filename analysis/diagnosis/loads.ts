// Analyses of single load tests: the runtime by stage, correlations, saturation, and the comparison with the last good release.
import type { Fact } from '../../verdict/finding.ts';
import type { Analysis } from '../analysis.ts';
import { compareLoads, comparisonFacts, comparisonTable, unchangedFact } from '../load-test/compare.ts';
import type { LoadPlan } from '../load-test/run-record.ts';
import { readLoadPlan } from '../load-test/summary.ts';
import { loadWindows, windowSeconds, type LoadWindows } from '../load-test/windows.ts';
import { loadByStage, runtimeTable, saturationByStage } from '../runtime/by-stage.ts';
import { correlationTable } from '../runtime/correlations.ts';
import { whyUnreadable, type LoadEvidence, type ReadEvidence } from './load-evidence.ts';
import type { DiagnosisRecord } from './record.ts';

type LoadAnalysis = Pick<Analysis, 'facts' | 'tables'>;

/** Reads each load test's points and runtime samples; one without a plan is judged by the load test alone. */
export async function readLoads({ lastGood }: DiagnosisRecord, loads: readonly LoadEvidence[], read: ReadEvidence): Promise<LoadAnalysis> {
  const analysis: LoadAnalysis = { facts: [], tables: [] };
  for (const { name, points, plan, samples: taken } of loads) {
    if (points === null || plan === null) continue;
    const stages = (await loadByStage(read(points), plan.stages)) ?? [];
    const windows = await loadWindows(read(points), windowSeconds(plan.stages));
    if (stages.length > 0) analysis.tables.push(runtimeTable(stages, taken));
    analysis.facts.push(...saturationByStage(stages));
    if (windows === null) continue;
    const correlations = correlationTable(windows, plan.stages, taken);
    if (correlations !== null) {
      analysis.tables.push(correlations.table);
      analysis.facts.push(...correlations.sentences.map((text) => ({ subject: 'runtime', text, values: {} })));
    }
    const before = lastGood?.loadTests.find((load) => load.name === name);
    if (lastGood && before) await compareIfThere({ release: lastGood.release, points: before.points }, { plan, windows }, read, analysis);
  }
  return analysis;
}

interface Before {
  release: string;
  points: string;
}
interface Now {
  plan: LoadPlan;
  windows: LoadWindows;
}

/** The other release's evidence may be gone or damaged when a page or report reads it again: that becomes a fact. */
async function compareIfThere(before: Before, now: Now, read: ReadEvidence, analysis: LoadAnalysis): Promise<void> {
  try {
    await compare(before, now, read, analysis);
  } catch (error) {
    analysis.facts.push(notCompared(before, whyNotRead(error)));
  }
}

const notCompared = ({ release }: Before, reason: string): Fact => ({
  subject: 'last good release',
  text: `not compared with ${release}: ${reason}`,
  values: {},
});

/** Errors of the evidence store, by name: they are defined in another room. */
const STORE_ERRORS: ReadonlySet<string> = new Set(['EvidenceMissing', 'EvidenceDamaged']);

/** The reason as a clause; rethrows other errors. */
const whyNotRead = (error: unknown): string =>
  error instanceof Error && STORE_ERRORS.has(error.name) ? error.message : whyUnreadable(error);

async function compare(before: Before, now: Now, read: ReadEvidence, analysis: LoadAnalysis): Promise<void> {
  const not = (reason: string): void => void analysis.facts.push(notCompared(before, reason));
  const plan = await readLoadPlan(read(before.points));
  if (plan === null) return not('its points contain no plan');
  if (JSON.stringify(plan.stages) !== JSON.stringify(now.plan.stages)) return not('its load test had other stages');
  const earlier = await loadWindows(read(before.points), now.windows.widthSeconds);
  if (earlier === null) return not('its points contain no request');
  const comparison = compareLoads(earlier, now.windows);
  analysis.tables.push(comparisonTable(comparison, now.windows.widthSeconds, `Comparison with the last good release, ${before.release}`));
  const unchanged = unchangedFact(comparison, before.release);
  analysis.facts.push(...comparisonFacts(comparison, `than ${before.release}`), ...(unchanged === null ? [] : [unchanged]));
}
