// What the load tests of a record say by themselves: the runtime stage by stage, what goes with the load, where it saturates, and whether it
// is slower than the last good release.
import type { Fact } from '../../verdict/finding.ts';
import type { Table } from '../analysis.ts';
import { compareLoads, comparisonFacts, comparisonTable, unchangedFact } from '../load-test/compare.ts';
import type { LoadPlan } from '../load-test/run-record.ts';
import { saturation } from '../load-test/saturation.ts';
import { readLoadPlan } from '../load-test/summary.ts';
import { loadWindows, windowSeconds, type LoadWindows } from '../load-test/windows.ts';
import { loadByStage, runtimeTable } from '../runtime/by-stage.ts';
import { correlationTable } from '../runtime/correlations.ts';
import type { LoadEvidence, ReadEvidence } from './load-evidence.ts';
import type { DiagnosisRecord } from './record.ts';

export interface LoadsSaid {
  facts: Fact[];
  tables: Table[];
}

/** Reads each load test's points beside its runtime samples; one without a plan is left to the judge of the load itself. */
export async function readLoads({ lastGood }: DiagnosisRecord, loads: readonly LoadEvidence[], read: ReadEvidence): Promise<LoadsSaid> {
  const said: LoadsSaid = { facts: [], tables: [] };
  for (const { name, points, plan, samples: taken } of loads) {
    if (points === null || plan === null) continue;
    const stages = (await loadByStage(read(points), plan.stages)) ?? [];
    const windows = await loadWindows(read(points), windowSeconds(plan.stages));
    if (stages.length > 0) said.tables.push(runtimeTable(stages, taken));
    said.facts.push(
      ...saturation(
        stages
          .filter(({ steady, cut }) => steady && !cut)
          .map(({ fromMs, toMs, offered, iterations, p99Ms }) => ({ offered, achieved: iterations / ((toMs - fromMs) / 1_000), p99Ms })),
      ),
    );
    if (windows === null) continue;
    const correlations = correlationTable(windows, plan.stages, taken);
    if (correlations !== null) {
      said.tables.push(correlations.table);
      said.facts.push(...correlations.sentences.map((text) => ({ subject: 'runtime', text, values: {} })));
    }
    const before = lastGood?.loadTests.find((load) => load.name === name);
    if (lastGood && before) await compareIfThere({ release: lastGood.release, points: before.points }, { plan, windows }, read, said);
  }
  return said;
}

interface Before {
  release: string;
  points: string;
}
interface Now {
  plan: LoadPlan;
  windows: LoadWindows;
}

/** The other release's evidence may be gone by the time a page or a report asks again: that is told, and the rest stands. */
async function compareIfThere(before: Before, now: Now, read: ReadEvidence, said: LoadsSaid): Promise<void> {
  try {
    await compare(before, now, read, said);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'EvidenceMissing')) throw error;
    said.facts.push({ subject: 'last good release', text: `not compared with ${before.release}: ${error.message}`, values: {} });
  }
}

async function compare(before: Before, now: Now, read: ReadEvidence, said: LoadsSaid): Promise<void> {
  const plan = await readLoadPlan(read(before.points));
  if (JSON.stringify(plan?.stages) !== JSON.stringify(now.plan.stages)) {
    const text = `not compared with ${before.release}: its load test had other stages`;
    said.facts.push({ subject: 'last good release', text, values: {} });
    return;
  }
  const earlier = await loadWindows(read(before.points), now.windows.widthSeconds);
  if (earlier === null) return;
  const comparison = compareLoads(earlier, now.windows);
  said.tables.push(comparisonTable(comparison, now.windows.widthSeconds, `Against the last good release, ${before.release}`));
  const unchanged = unchangedFact(comparison, before.release);
  said.facts.push(...comparisonFacts(comparison, `than ${before.release}`), ...(unchanged === null ? [] : [unchanged]));
}
