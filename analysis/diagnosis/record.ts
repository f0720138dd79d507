// What a diagnosis is made from, all of it: so that it can be made again from evidence alone.
import type { EvidenceKind, Finding } from '../../verdict/finding.ts';
import { UnreadableEvidence } from '../analysis.ts';
import type { UnderLoad } from '../load-test/run-record.ts';

/** One piece of evidence a diagnosis reads. */
export interface DiagnosisInput {
  digest: string;
  kind: EvidenceKind;
  /** `pod shop-staging/go-api-…`: profiles of one pod belong together. */
  source: string;
}

/** Evidence of kind `diagnosis`: one JSON document. */
export interface DiagnosisRecord {
  /** As traces name it. */
  service: string;
  loadTests: {
    name: string;
    /** What its judge found; those that are not a pass are what is to be explained. */
    findings: Finding[];
    /** In the order in which they were captured. */
    inputs: DiagnosisInput[];
  }[];
  /** The Deployment under load, whose traces alone are read. Older records do not say it; then all of the service are. */
  underLoad?: UnderLoad;
  /** Asked for afterwards: traces, plans, proofs. */
  inputs: DiagnosisInput[];
  /** What was asked for and not had, with the reason: `traces: connection refused`. */
  missing: string[];
  /** What it is compared with; null where no release was launched yet. */
  lastGood: { release: string; loadTests: { name: string; points: string }[] } | null;
}

/** Reads a record. Throws UnreadableEvidence on bytes that are none. */
export function readDiagnosisRecord(text: string): DiagnosisRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const record = value as Partial<DiagnosisRecord> | null;
  if (
    typeof record?.service === 'string' &&
    Array.isArray(record.loadTests) &&
    Array.isArray(record.inputs) &&
    Array.isArray(record.missing)
  )
    return { ...(record as DiagnosisRecord), lastGood: record.lastGood ?? null };
  throw new UnreadableEvidence('this is no record of a diagnosis', 'line 1', 'run the step again');
}
