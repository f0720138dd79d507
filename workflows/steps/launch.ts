// The launch: what may have changed is asked again, then the candidate's image on the one container, watched until it serves or until it must
// be taken back.
import type { UndoEntry } from '../../verdict/undo.ts';
import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { EffectActivities } from '../../activities/effects/contract.ts';
import type { KubernetesActivities } from '../../activities/kubernetes/contract.ts';
import type { LaunchStep } from '../../release/steps/registry.ts';
import { inconclusive, type Finding } from '../../verdict/finding.ts';
import { judgeLaunch, type RolloutFacts } from '../../verdict/rollout.ts';
import { duration } from '../../verdict/wording/index.ts';
import { WATCHES_THAT_MUST_FIT, following, writing } from '../activity-options.ts';
import { failureMessage } from '../failure-message.ts';
import { clusterTaskQueue } from '../messages.ts';
import { prepareEffect } from '../prepare-effect.ts';
import { productionOf, type StepInput, type StepResult } from '../step.ts';
import { takeBack } from '../undo-stack.ts';
import { quickPreflight } from './preflight.ts';

const NOT_BEGUN: StepResult = { findings: [], facts: [], evidence: [], notBegun: true };

/** Launches once, and watches again as often as it is asked. Whatever it could not finish stays registered, and is reported. */
export async function launchStep(input: StepInput<LaunchStep>): Promise<StepResult> {
  const { release, step } = input;
  const { service } = release.spec;
  const target = productionOf(release);
  if (isTooLate(input)) return NOT_BEGUN;
  const ready = await askAgain(input);
  if (ready.findings.some(({ outcome }) => outcome !== 'pass')) return ready;

  const { entry, goesBackTo, evidence } = await prepareEffect(input, {
    kind: 'deployment-image',
    target: { cluster: target.cluster, key: `${target.namespace}/${target.deployment}` },
    live: true,
    scope: 'countdown',
    order: 0,
    within: { restoreMs: step.rollbackTimeoutMs, proveMs: step.healthTimeoutMs },
    settings: {
      deployment: target,
      healthTarget: service.health.target,
      healthPath: service.health.path,
      wantedImage: service.image,
    },
  });
  // Workers may have been away meanwhile. Nothing was written, so what was registered is taken back at once.
  if (isTooLate(input)) return { ...NOT_BEGUN, ...(await takeBackLaunch(input, entry)) };
  const written = await write(input, entry);
  if ('refusal' in written) return { ...written.result, evidence: [...ready.evidence, ...evidence] };
  const watched = await watch(input, written, goesBackTo).catch(unseen);
  return {
    ...watched,
    launchedAt: written.at,
    findings: [...ready.findings, ...watched.findings],
    facts: [...ready.facts, ...watched.facts],
    evidence: [...ready.evidence, ...evidence, ...watched.evidence],
  };
}

const isTooLate = ({ beginByMs }: StepInput): boolean => Date.now() > (beginByMs ?? Infinity);

/** The quick half of preflight. Where the launch has been written before, a second answer could only describe the launch itself. */
async function askAgain(input: StepInput<LaunchStep>): Promise<StepResult> {
  if (input.undo.some(({ live }) => live)) return { findings: [], facts: [], evidence: [] };
  return quickPreflight(input);
}

interface Written {
  observedGeneration: number;
  at: string;
}

/** The write, or why there is none. A write that is refused is taken back at once, for only a reading can show that none has landed. */
async function write(input: StepInput<LaunchStep>, entry: UndoEntry): Promise<Written | { refusal: string; result: StepResult }> {
  const { applyEffect } = proxyActivities<EffectActivities>({ ...writing, taskQueue: clusterTaskQueue(entry.target.cluster) });
  try {
    const { countdown, authority, release } = input;
    return await applyEffect({ entry, wanted: { image: release.spec.service.image }, countdown, authority });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const refusal = failureMessage(error);
    const { findings, settled } = await takeBackLaunch(input, entry);
    return {
      refusal,
      result: { findings: [notLaunched(input.step.name, refusal), ...findings], facts: [], evidence: [], settled },
    };
  }
}

/** It is live, and whether it serves is unknown: what was found before stays. */
function unseen(error: unknown): StepResult {
  if (isCancellation(error)) throw error;
  return { findings: [], facts: [], evidence: [], couldNotRun: failureMessage(error) };
}

/** Ids of what was restored, none where the entry still stands; findings where somebody else's version was left alone. */
async function takeBackLaunch({ countdown }: StepInput, entry: UndoEntry): Promise<{ settled: string[]; findings: Finding[] }> {
  const reports = await takeBack([entry], countdown);
  return {
    settled: reports.filter(({ restored }) => restored).map(({ id }) => id),
    findings: reports.filter(({ leftAlone }) => leftAlone).flatMap(({ findings }) => findings),
  };
}

/** Follows the rollout, then proves that the launched version serves, with the bytes that were tested. */
async function watch(
  { release, step, testedImageIds }: StepInput<LaunchStep>,
  written: Written,
  before: string | null,
): Promise<StepResult> {
  const { service } = release.spec;
  const target = productionOf(release);
  const { watchRollout, verifyVersion } = proxyActivities<KubernetesActivities>({
    ...following(step.timeoutMs * WATCHES_THAT_MUST_FIT),
    taskQueue: clusterTaskQueue(target.cluster),
  });
  const rollout = await watchRollout({
    target,
    observedGeneration: written.observedGeneration,
    image: service.image,
    timeoutMs: step.timeoutMs,
    writtenAt: written.at,
  });
  const place = { rollout, proof: null, healthMs: step.healthTimeoutMs, tested: testedImageIds };
  if (rollout.outcome !== 'complete')
    return {
      findings: judgeLaunch(target, place),
      facts: [rolloutFact(before, service.image, rollout)],
      evidence: rollout.evidence,
      failedAt: rollout.conditionAt,
    };
  const proof = await verifyVersion({
    target,
    image: service.image,
    healthTarget: service.health.target,
    healthPath: service.health.path,
    timeoutMs: step.healthTimeoutMs,
    testedImageIds,
  });
  return {
    findings: judgeLaunch(target, { ...place, proof }),
    facts: [
      rolloutFact(before, service.image, rollout),
      {
        subject: 'health',
        text: `${proof.ok ? 'ok' : 'not ok'} in ${duration(1_000 * proof.seconds)}`,
        values: { seconds: proof.seconds },
      },
      ...(proof.ok ? [{ subject: 'version', text: proof.detail, values: { pods: proof.pods } }] : []),
    ],
    evidence: [...rollout.evidence, ...proof.evidence],
    // A version that does not serve is known not to when the proof is given up: the rollback's start counts from there.
    ...(proof.ok ? {} : { failedAt: proof.at }),
  };
}

function rolloutFact(before: string | null, image: string, { podsReady, podsWanted, seconds, outcome }: RolloutFacts) {
  const tag = (of: string): string => of.slice(of.lastIndexOf(':') + 1);
  const change = before === null ? tag(image) : `${tag(before)} → ${tag(image)}`;
  const unfinished = outcome === 'complete' ? '' : ` (${outcome})`;
  return {
    subject: 'rollout',
    text: `${change}   ${podsReady} of ${podsWanted} pods in ${duration(1_000 * seconds)}${unfinished}`,
    values: { podsReady, podsWanted, seconds },
  };
}

const notLaunched = (step: string, reason: string): Finding =>
  inconclusive('StepCouldNotRun', step, `step ${step} could not launch: ${reason}`);
