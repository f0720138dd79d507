// The launch: the candidate's image on the one container, watched until it serves or until it must be taken back.
import { proxyActivities } from '@temporalio/workflow';
import type { DeploymentSnapshot, KubernetesActivities, RolloutResult, VersionProof } from '../../activities/kubernetes/contract.ts';
import { judgeRollout, judgeVersion } from '../../verdict/rollout.ts';
import { durationMs } from '../../release/duration.ts';
import type { LaunchStep } from '../../release/steps/registry.ts';
import { long, quick, undoing, undoingLong } from '../activity-options.ts';
import { clusterTaskQueue } from '../messages.ts';
import {
  operationId,
  productionOf,
  registerUndo,
  type StepInput,
  type StepResult,
  type UndoContext,
  type UndoEntry,
  type UndoReport,
} from '../step.ts';
import { judgeRollback } from '../../verdict/rollback.ts';

/** A worker that dies in the middle leaves its successor a whole watch. */
const WATCHES_THAT_MUST_FIT = 2;

const TOO_LATE: StepResult = { findings: [], facts: [], evidence: [], tooLate: true };

export async function launchStep(input: StepInput<LaunchStep>): Promise<StepResult> {
  const { release, step, countdown, generation } = input;
  const { service } = release.spec;
  const target = productionOf(release);
  const { act, watch } = kubernetes(target.cluster, durationMs(step.timeout));

  const operation = { id: operationId(input, 'launch', target), countdown, generation };
  if (isTooLate()) return TOO_LATE;
  const before = input.undo.find(({ undoes }) => undoes === operation.id)?.snapshot ?? (await captureAndRegister());
  // Workers may have been away meanwhile.
  if (isTooLate()) return TOO_LATE;
  const write = await act.applyImage({ target, operation, image: service.image, expected: before });
  const rollout = await watch.watchRollout({
    target,
    observedGeneration: write.observedGeneration,
    image: service.image,
    timeoutMs: durationMs(step.timeout),
    writtenAt: write.at,
  });
  const launched = judgeRollout(target, rollout);
  if (launched.outcome !== 'pass')
    return {
      findings: [launched],
      facts: [rolloutFact(before.image, service.image, rollout)],
      evidence: [before.evidence, ...rollout.evidence],
      failedAt: rollout.conditionAt,
    };

  const proof = await watch.verifyVersion({
    target,
    image: service.image,
    healthTarget: service.health.target,
    healthPath: service.health.path,
    timeoutMs: durationMs(step.healthWithin),
  });
  return {
    findings: [launched, judgeVersion(target, proof, durationMs(step.healthWithin))],
    facts: [
      rolloutFact(before.image, service.image, rollout),
      { subject: 'health', text: `${proof.ok ? 'ok' : 'not ok'} in ${proof.seconds.toFixed(1)} s`, values: { seconds: proof.seconds } },
      // With the image id, beside that of CandidateUnderLoad: people can compare what was tested with what was launched.
      ...(proof.ok ? [{ subject: 'version', text: proof.detail, values: { pods: proof.pods } }] : []),
    ],
    evidence: [before.evidence, ...rollout.evidence, ...proof.evidence],
    ...failureKnownAt(proof),
  };

  function isTooLate(): boolean {
    return Date.now() > (input.beginByMs ?? Infinity);
  }

  async function captureAndRegister(): Promise<DeploymentSnapshot> {
    const snapshot = await act.captureDeployment(target);
    await registerUndo({
      kind: 'launch',
      undoes: operation.id,
      name: `${target.namespace}/${target.deployment} back to ${snapshot.image}`,
      snapshot,
      healthTarget: service.health.target,
      healthPath: service.health.path,
      rollbackWithin: step.rollbackWithin,
      healthWithin: step.healthWithin,
    });
    return snapshot;
  }
}

/** Puts the recorded template back and proves that it serves again. Runs in the countdown, where it cannot be cancelled. */
export async function undoLaunch(entry: UndoEntry, { failedAt, ...identity }: UndoContext): Promise<UndoReport> {
  const { snapshot } = entry;
  const { target } = snapshot;
  const limits = { rollbackMs: durationMs(entry.rollbackWithin), healthMs: durationMs(entry.healthWithin) };
  const taskQueue = clusterTaskQueue(target.cluster);
  const act = proxyActivities<KubernetesActivities>({ ...undoing, taskQueue });
  const watch = proxyActivities<KubernetesActivities>({
    ...undoingLong((limits.rollbackMs + limits.healthMs) * WATCHES_THAT_MUST_FIT),
    taskQueue,
  });
  const operation = { id: entry.undoes.replace('/launch/', '/rollback/'), ...identity };
  const write = await act.restoreTemplate({ snapshot, operation, undoes: entry.undoes });
  const startedAfterMs = failedAt === null ? null : Math.max(0, Date.parse(write.at) - Date.parse(failedAt));
  const rollout = await watch.watchRollout({
    target,
    observedGeneration: write.observedGeneration,
    image: snapshot.image,
    timeoutMs: limits.rollbackMs,
    writtenAt: write.at,
    startedAfterMs,
  });
  const proof = await watch.verifyVersion({
    target,
    image: snapshot.image,
    healthTarget: entry.healthTarget,
    healthPath: entry.healthPath,
    timeoutMs: limits.healthMs,
  });
  const findings = judgeRollback(entry.name, rollout, proof, { ...limits, startedAfterMs });
  return {
    name: entry.name,
    undone: rollout.outcome === 'complete' && proof.ok,
    findings,
    facts: [
      {
        subject: 'rollback',
        text: `${entry.name}: written ${startedAfterMs === null ? `at ${write.at}` : `${(startedAfterMs / 1000).toFixed(1)} s after the failure`}${write.wrote ? '' : ' (it had landed before)'}, ${rollout.podsReady} of ${rollout.podsWanted} pods in ${rollout.seconds.toFixed(1)} s, health ${proof.ok ? 'ok' : 'not ok'} in ${proof.seconds.toFixed(1)} s`,
        values: {
          rolloutSeconds: rollout.seconds,
          healthSeconds: proof.seconds,
          ...(startedAfterMs === null ? {} : { startedAfterSeconds: startedAfterMs / 1000 }),
        },
      },
    ],
    evidence: [...rollout.evidence, ...proof.evidence],
  };
}

function kubernetes(cluster: string, watchMs: number): { act: KubernetesActivities; watch: KubernetesActivities } {
  const taskQueue = clusterTaskQueue(cluster);
  return {
    act: proxyActivities<KubernetesActivities>({ ...quick, taskQueue }),
    watch: proxyActivities<KubernetesActivities>({ ...long(watchMs * WATCHES_THAT_MUST_FIT), taskQueue }),
  };
}

/** A version that does not serve is known not to when the proof is given up: the rollback's start counts from there. */
function failureKnownAt({ ok, evidence }: VersionProof): Pick<StepResult, 'failedAt'> {
  const at = evidence.at(-1)?.capturedAt;
  return ok || at === undefined ? {} : { failedAt: at };
}

function rolloutFact(from: string, to: string, { podsReady, podsWanted, seconds, outcome }: RolloutResult) {
  const tag = (image: string) => image.slice(image.lastIndexOf(':') + 1);
  return {
    subject: 'rollout',
    text: `${tag(from)} → ${tag(to)}   ${podsReady} of ${podsWanted} pods in ${seconds.toFixed(1)} s${outcome === 'complete' ? '' : ` (${outcome})`}`,
    values: { podsReady, podsWanted, seconds },
  };
}
