import { proxyActivities } from '@temporalio/workflow';
import type { StepActivities } from '../../activities/steps-contract.ts';
import type { DiagnosisStep, LoadTestStep } from '../../release/steps/registry.ts';
import { queued } from '../activity-options.ts';
import { LOAD_TASK_QUEUE } from '../messages.ts';
import { productionOf, type EarlierStep, type StepInput, type StepResult } from '../step.ts';

/** Reading the largest evidence allowed takes under two minutes; explaining slow statements and proving an index, as many again. */
const DIAGNOSIS_MS = 600_000;

/** Says what the load tests before it found out, and names the cause. Reads where the evidence lies: on the queue of the load. */
export async function diagnosisStep({ release, step, earlier }: StepInput<DiagnosisStep>): Promise<StepResult> {
  const { runDiagnosis } = proxyActivities<StepActivities>({ ...queued(DIAGNOSIS_MS), taskQueue: LOAD_TASK_QUEUE });
  return runDiagnosis({
    step,
    service: release.spec.service.name,
    production: productionOf(release),
    loadTests: earlier.filter(isLoadTest).map(({ spec, findings, evidence }) => ({ step: spec, findings, evidence })),
  });
}

function isLoadTest(earlier: EarlierStep): earlier is EarlierStep & { spec: LoadTestStep } {
  return earlier.spec.type === 'loadTest';
}
