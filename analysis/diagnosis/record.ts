// All input of a diagnosis, so that it can be repeated from evidence alone.
import type { EvidenceKind, Finding } from '../../verdict/finding.ts';
import { UnreadableEvidence } from '../analysis.ts';
import type { UnderLoad } from '../load-test/run-record.ts';

/** One piece of evidence. */
export interface DiagnosisInput {
  digest: string;
  kind: EvidenceKind;
  /** `pod shop-staging/go-api-…`: profiles of one pod belong together. */
  source: string;
}

/** Evidence of kind `diagnosis`: one JSON document. */
export interface DiagnosisRecord {
  /** Service name in traces. */
  service: string;
  loadTests: {
    name: string;
    /** Findings of its judge; those that are not a pass need an explanation. */
    findings: Finding[];
    /** In the order in which they were captured. */
    inputs: DiagnosisInput[];
  }[];
  /** The Deployment under load, whose traces are read. Absent in older records; then all traces of the service are read. */
  underLoad?: UnderLoad;
  /** Captured afterwards: traces, plans, index proofs. */
  inputs: DiagnosisInput[];
  /** Evidence that could not be captured, with the reason: `traces: connection refused`. */
  missing: string[];
  /** The release to compare with; null where none was launched yet. */
  lastGood: { release: string; loadTests: { name: string; points: string }[] } | null;
}

/** Reads a record. Throws UnreadableEvidence on other bytes. */
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
  throw new UnreadableEvidence('not a diagnosis record', 'line 1', 'run the step again');
}
