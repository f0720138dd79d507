import type { DiagnosisInput, DiagnosisRecord } from '../../analysis/diagnosis/record.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { DiagnosisStepInput } from '../steps-contract.ts';
import type { Gathered } from './gather.ts';

const inputsOf = (refs: readonly EvidenceRef[]): DiagnosisInput[] => refs.map(({ digest, kind, source }) => ({ digest, kind, source }));

/** The stored record: all inputs of a diagnosis. */
export function recordOf(
  { service, loadTests }: DiagnosisStepInput,
  { evidence, missing, lastGood, underLoad }: Gathered,
): DiagnosisRecord {
  return {
    service,
    ...(underLoad === null ? {} : { underLoad }),
    loadTests: loadTests.map((load) => ({ name: load.step.name, findings: load.findings, inputs: inputsOf(load.evidence) })),
    inputs: inputsOf(evidence),
    missing,
    lastGood,
  };
}
