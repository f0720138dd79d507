// Diagnoses load tests: reads every piece of evidence once, ranks the causes, and lists what is unknown. The step and `tminus verify` both
// call it, so the findings are the same byte for byte.
import type { Finding } from '../../verdict/finding.ts';
import type { Analysis } from '../analysis.ts';
import type { Observation } from '../cause/observation.ts';
import type { Cause } from '../cause/cause.ts';
import { rankCauses } from '../cause/rank.ts';
import { blindSpots } from './blind-spots.ts';
import { factsOf } from './facts.ts';
import { judgeCauses } from './judge.ts';
import { readLoadEvidence, type ReadEvidence } from './load-evidence.ts';
import { readLoads } from './loads.ts';
import { observe } from './observe.ts';
import type { DiagnosisRecord } from './record.ts';

export interface Diagnosis extends Analysis {
  causes: Cause[];
  observation: Observation;
}

/** Codes of findings with a broken limit, which need an explanation. Those of GC, scheduler and pool are explanations themselves. */
const TROUBLE: ReadonlySet<string> = new Set([
  'LatencyAboveLimit',
  'ErrorRateAboveLimit',
  'IterationsDropped',
  'LoadNotDelivered',
  'GoroutinesHigh',
]);
/**
 * Findings: the first cause and every proven leak fail (a cause only as far as what it explains failed); `CauseUnknown`, `LeakSuspected`,
 * `LoadNotPassed` and `EvidenceUnreadable` are inconclusive; `NothingToExplain` passes.
 * @param recordDigest evidence of every finding, besides its own.
 */
export async function diagnose(record: DiagnosisRecord, read: ReadEvidence, recordDigest: string): Promise<Diagnosis> {
  const { loads, unreadable } = await readLoadEvidence(record, read);
  const { trouble, explained } = troubleOf(record);
  const observed = await observe(record, loads, explained, read);
  const analysis = await readLoads(record, loads, read);
  const causes = rankCauses(observed.observation);
  return {
    findings: [
      ...[...unreadable, ...observed.unreadable].map((each) => ({ ...each, evidence: [recordDigest, ...each.evidence] })),
      ...judgeCauses({ record, recordDigest, observed, causes, trouble, explained }),
    ],
    facts: [...factsOf(observed, causes, trouble), ...analysis.facts, ...blindSpots(observed, record)],
    tables: analysis.tables,
    causes,
    observation: observed.observation,
  };
}

/**
 * The findings to explain, the worst first, and the index of their load test. Only the load test furthest over its limit is explained:
 * evidence of another one does not show what slowed it down.
 */
function troubleOf({ loadTests }: DiagnosisRecord): { trouble: Finding[]; explained: number | null } {
  const inTrouble = loadTests
    .flatMap(({ findings }, load) => findings.map((finding) => ({ finding, load })))
    .filter(({ finding: { code, outcome } }) => outcome !== 'pass' && TROUBLE.has(code))
    .sort((a, b) => weight(b.finding) - weight(a.finding) || excess(b.finding) - excess(a.finding));
  return { trouble: inTrouble.map(({ finding }) => finding), explained: inTrouble[0]?.load ?? null };
}

/** Failures come before undecided findings. */
const weight = ({ outcome }: Finding): number => (outcome === 'fail' ? 1 : 0);

/** Factor over the limit; findings without one come last. */
function excess({ code, measured, limit }: Finding): number {
  return code === 'LatencyAboveLimit' && typeof measured === 'number' && typeof limit === 'number' && limit > 0 ? measured / limit : 0;
}
