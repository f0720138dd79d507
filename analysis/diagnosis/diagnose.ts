// What load tests mean: every piece of evidence read once, the causes ranked, and what cannot be known said. The step and `tminus verify`
// both ask this function, so the findings are the same byte for byte.
import type { Finding } from '../../verdict/finding.ts';
import type { Analysis } from '../analysis.ts';
import type { Observed } from '../cause/observed.ts';
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
  observed: Observed;
}

/** Codes of findings that say that a limit is broken: what there is to explain. Those of GC, scheduler and pool are explanations themselves. */
const TROUBLE: ReadonlySet<string> = new Set([
  'LatencyAboveLimit',
  'ErrorRateAboveLimit',
  'IterationsDropped',
  'LoadNotDelivered',
  'GoroutinesHigh',
]);
/**
 * Explains the load tests of a record. Findings: the first cause (as far as what it explains has failed) and every proven leak as failures;
 * `CauseUnknown` where something is wrong and nothing stands out; `LeakSuspected` where goroutines pile up that no proven leak explains;
 * `LoadNotPassed` where a load test did not pass without breaking a limit; `NothingToExplain` where all of it passed and nothing leaks;
 * `EvidenceUnreadable` for what could not be read.
 * @param recordDigest evidence every finding names beside its own.
 */
export async function diagnose(record: DiagnosisRecord, read: ReadEvidence, recordDigest: string): Promise<Diagnosis> {
  const { loads, unreadable } = await readLoadEvidence(record, read);
  const { trouble, explained } = troubleOf(record);
  const seen = await observe(record, loads, explained, read);
  const said = await readLoads(record, loads, read);
  const causes = rankCauses(seen.observed);
  return {
    findings: [
      ...[...unreadable, ...seen.unreadable].map((each) => ({ ...each, evidence: [recordDigest, ...each.evidence] })),
      ...judgeCauses({ record, recordDigest, seen, causes, trouble, explained }),
    ],
    facts: [...factsOf(seen, causes, trouble), ...said.facts, ...blindSpots(seen, record)],
    tables: said.tables,
    causes,
    observed: seen.observed,
  };
}

/**
 * What there is to explain, the worst first, and the index of the load test it is of. One load test is explained, the one farthest over its
 * limit: what slowed it down is not to be sought in what another one saw.
 */
function troubleOf({ loadTests }: DiagnosisRecord): { trouble: Finding[]; explained: number | null } {
  const inTrouble = loadTests
    .flatMap(({ findings }, load) => findings.map((finding) => ({ finding, load })))
    .filter(({ finding: { code, outcome } }) => outcome !== 'pass' && TROUBLE.has(code))
    .sort((a, b) => weight(b.finding) - weight(a.finding) || excess(b.finding) - excess(a.finding));
  return { trouble: inTrouble.map(({ finding }) => finding), explained: inTrouble[0]?.load ?? null };
}

/** What failed before what was not decided. */
const weight = ({ outcome }: Finding): number => (outcome === 'fail' ? 1 : 0);

/** How far over its limit; what has no such figure comes last. */
function excess({ code, measured, limit }: Finding): number {
  return code === 'LatencyAboveLimit' && typeof measured === 'number' && typeof limit === 'number' && limit > 0 ? measured / limit : 0;
}
