// What the load tests of a record say by themselves: the runtime stage by stage, what goes with the load, where it saturates, and whether it
// is slower than the last good release.
import type { Fact } from '../../verdict/finding.ts';
import type { Table } from '../analysis.ts';
import { compareLoads, comparisonFacts, comparisonTable, unchangedFact } from '../load-test/compare.ts';
import type { LoadPlan } from '../load-test/run-record.ts';
import { readLoadPlan } from '../load-test/summary.ts';
import { loadWindows, windowSeconds, type LoadWindows } from '../load-test/windows.ts';
import { loadByStage, runtimeTable, saturationByStage } from '../runtime/by-stage.ts';
import { correlationTable } from '../runtime/correlations.ts';
import { whyUnreadable, type LoadEvidence, type ReadEvidence } from './load-evidence.ts';
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
    said.facts.push(...saturationByStage(stages));
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

/** The other release's evidence may be gone or damaged by the time a page or a report asks again: that is told, and the rest stands. */
async function compareIfThere(before: Before, now: Now, read: ReadEvidence, said: LoadsSaid): Promise<void> {
  try {
    await compare(before, now, read, said);
  } catch (error) {
    said.facts.push(notCompared(before, whyNotRead(error)));
  }
}

const notCompared = ({ release }: Before, why: string): Fact => ({
  subject: 'last good release',
  text: `not compared with ${release}: ${why}`,
  values: {},
});

/** Of the store, by name: its errors live in another room. */
const NOT_HAD: ReadonlySet<string> = new Set(['EvidenceMissing', 'EvidenceDamaged']);

/** The clause why; what is no such refusal is thrown on. */
const whyNotRead = (error: unknown): string => (error instanceof Error && NOT_HAD.has(error.name) ? error.message : whyUnreadable(error));

async function compare(before: Before, now: Now, read: ReadEvidence, said: LoadsSaid): Promise<void> {
  const not = (why: string): void => void said.facts.push(notCompared(before, why));
  const plan = await readLoadPlan(read(before.points));
  if (plan === null) return not('its points do not say what load that was');
  if (JSON.stringify(plan.stages) !== JSON.stringify(now.plan.stages)) return not('its load test had other stages');
  const earlier = await loadWindows(read(before.points), now.windows.widthSeconds);
  if (earlier === null) return not('its points hold no request');
  const comparison = compareLoads(earlier, now.windows);
  said.tables.push(comparisonTable(comparison, now.windows.widthSeconds, `Against the last good release, ${before.release}`));
  const unchanged = unchangedFact(comparison, before.release);
  said.facts.push(...comparisonFacts(comparison, `than ${before.release}`), ...(unchanged === null ? [] : [unchanged]));
}
