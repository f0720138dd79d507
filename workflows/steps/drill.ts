// The drill: the emergency is provoked in staging, the trigger must fire, the actions must relieve it, and everything is put back. Whatever
// happens in between, what was changed is restored before the step ends.
import {
  ApplicationFailure,
  CancellationScope,
  TemporalFailure,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { DrillActivities, DrillRecord } from '../../activities/drill/contract.ts';
import type { EffectActivities } from '../../activities/effects/contract.ts';
import type { KubernetesActivities } from '../../activities/kubernetes/contract.ts';
import type { StepActivities } from '../../activities/steps-contract.ts';
import type { TriggerActivities, TriggerReport, WatchTriggerInput } from '../../activities/triggers/contract.ts';
import type { EmergencyAction } from '../../release/contingency/actions.ts';
import { LIMITS_WAITED } from '../../release/drill-waits.ts';
import type { DrillStep, LoadTestStep } from '../../release/steps/registry.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { UndoEntry } from '../../verdict/undo.ts';
import { WATCHES_THAT_MUST_FIT, following, quick, queued, writing } from '../activity-options.ts';
import { failureMessage } from '../failure-message.ts';
import { LOAD_TASK_QUEUE, clusterTaskQueue } from '../messages.ts';
import { prepareEffect, type EffectPlan } from '../prepare-effect.ts';
import { scriptDigestOf, stagingOf, type StepInput, type StepResult } from '../step.ts';
import { takeBack } from '../undo-stack.ts';

/** The fault is removed first: actions that are restored while it is on would bring the emergency back. */
const FAULT_RANK = 0;
const ACTION_RANK = 1;
/** Beside the load itself: k6 may start for 60 s and stop for 30. */
const LOAD_OVERHEAD_MS = 120_000;
/** The restorer takes over this long after the fault should have ended by itself. */
const RESTORER_SLACK_MS = 60_000;
/** Until the condition was false for the whole steady time: as long again for data that arrive late. */
const STEADY_WAITED = 2;

interface Drill {
  input: StepInput<DrillStep>;
  record: DrillRecord;
  registered: UndoEntry[];
  facts: Fact[];
  evidence: EvidenceRef[];
}

/** Runs the drill and judges its record. An undo that could not be restored stays with the countdown and the restorer. */
export async function drillStep(input: StepInput<DrillStep>): Promise<StepResult> {
  const drill: Drill = { input, record: emptyRecord(input), registered: [], facts: [], evidence: [] };
  const scope = new CancellationScope();
  const { load } = input.step;
  const loading =
    load === null
      ? null
      : scope
          .run(() => runLoad(drill, load))
          .then(
            () => (scope.consideredCancelled ? undefined : stopWithoutLoad(drill, 'it ended before the drill')),
            (error: unknown) => (isCancellation(error) ? undefined : stopWithoutLoad(drill, failureMessage(error))),
          );
  try {
    await provokeAndRelieve(drill);
  } catch (error) {
    // A bug crashes loudly. What the outside refuses, a hold or an abort ends the drill early.
    if (!(error instanceof TemporalFailure)) throw error;
    drill.record.stopped = isCancellation(error) ? 'interrupted by a hold, an abort or a failing launch' : failureMessage(error);
  }
  return CancellationScope.nonCancellable(async () => {
    const settled = await restoreAll(drill);
    scope.cancel();
    await loading;
    return { ...(await judged(drill)), settled };
  });
}

const drillId = ({ countdown, checkpoint, step, round }: StepInput): string =>
  `${countdown.release}/${checkpoint}/${step.name}/${round}/${countdown.firstRunId.slice(0, 8)}`;

function emptyRecord(input: StepInput<DrillStep>): DrillRecord {
  const { trigger, fault, limits, steadyMs } = input.step;
  return {
    drill: drillId(input),
    trigger: trigger.name,
    fault: Object.entries(fault.settings)
      .map((setting) => setting.join(' ').trim())
      .join(', '),
    limits: { ...limits, steadyMs },
    before: null,
    provokedAt: null,
    detected: null,
    actions: [],
    recovered: null,
    restoreStartedAt: null,
    restored: [],
    restoredAt: null,
    after: null,
    stopped: null,
  };
}

/** Each link ends the drill where it does not hold: an action without its emergency would prove nothing. */
async function provokeAndRelieve(drill: Drill): Promise<void> {
  const { record, input } = drill;
  const { step } = input;
  const left = input.undo.filter(({ scope }) => scope === 'step');
  if (left.length > 0) {
    drill.registered.push(...left);
    record.stopped = `an earlier round left ${left.map(({ name }) => name).join(', ')} to restore; retry the step`;
    return;
  }
  record.before = await watch(drill, { until: 'clears', since: null, forMs: step.steadyMs, timeoutMs: STEADY_WAITED * step.steadyMs });
  if (record.before.outcome !== 'cleared') return;
  // All ways back stand before the first change.
  const fault = { entry: await prepare(drill, faultPlan(input)), wanted: { settings: step.fault.settings, ttlMs: step.maxDurationMs } };
  const actions: PreparedAction[] = [];
  for (const action of step.actions)
    actions.push({ action, entry: await prepare(drill, actionPlan(input, action)), wanted: wantedOf(step, action) });
  record.provokedAt = (await apply(input, fault)).at;
  record.detected = await watch(drill, {
    until: 'fires',
    since: record.provokedAt,
    forMs: 0,
    timeoutMs: LIMITS_WAITED * step.limits.detectMs,
  });
  if (record.detected.outcome !== 'fired') return;
  let since = record.detected.at;
  for (const [index, prepared] of actions.entries()) {
    await act(drill, prepared);
    if (prepared.action.type === 'environment') since = await setAgain(input, fault, actions.slice(0, index));
  }
  record.recovered = await watch(drill, {
    until: 'clears',
    since,
    forMs: step.trigger.intervalMs,
    timeoutMs: LIMITS_WAITED * step.limits.recoverMs,
  });
  if (record.recovered.outcome === 'cleared') await assertFaultOn(drill, fault, record.recovered.at);
}

/** Pods that a rollout started have neither the fault nor the switches of the pods before them. Answers when the fault was on in all of them. */
async function setAgain(input: StepInput<DrillStep>, fault: PreparedEffect, earlier: readonly PreparedAction[]): Promise<string> {
  for (const { action, ...effect } of earlier) if (action.type === 'switch') await apply(input, effect);
  return (await apply(input, fault)).at;
}

/** A fault that ended by its TTL, or with the process of a pod, clears the trigger as an action does. One that has ended is refused. */
async function assertFaultOn({ input, record }: Drill, fault: PreparedEffect, clearedAt: string): Promise<void> {
  const { at } = await apply(input, fault);
  if (Date.parse(at) > Date.parse(clearedAt)) record.stopped = 'the trigger cleared while the fault was not on in every pod';
}

async function watch(drill: Drill, asked: Omit<WatchTriggerInput, 'trigger' | 'target'>): Promise<TriggerReport> {
  const { input } = drill;
  const target = stagingOf(input.release);
  const { watchTrigger } = proxyActivities<TriggerActivities>({
    ...following(asked.timeoutMs * WATCHES_THAT_MUST_FIT),
    taskQueue: clusterTaskQueue(target.cluster),
  });
  const report = await watchTrigger({ ...asked, trigger: input.step.trigger, target });
  // As with the guard: nobody could recompute what was decided on samples that are not stored.
  if (report.evidence.length === 0) drill.record.stopped ??= `the samples of ${input.step.trigger.name} could not be stored`;
  drill.evidence.push(...report.evidence);
  return report;
}

async function prepare(drill: Drill, plan: EffectPlan): Promise<UndoEntry> {
  const { entry, evidence } = await prepareEffect(drill.input, plan, (each) => drill.registered.push(each));
  drill.evidence.push(...evidence);
  return entry;
}

function faultPlan(input: StepInput<DrillStep>): EffectPlan {
  const deployment = stagingOf(input.release);
  return {
    ...planOf(input, FAULT_RANK),
    kind: 'service-fault',
    target: { cluster: deployment.cluster, key: `${deployment.namespace}/${deployment.deployment}/fault` },
    settings: { deployment, settings: input.step.fault.settings },
  };
}

function actionPlan(input: StepInput<DrillStep>, action: EmergencyAction): EffectPlan {
  const deployment = stagingOf(input.release);
  const { cluster, namespace, deployment: name } = deployment;
  const common = planOf(input, ACTION_RANK);
  if (action.type === 'switch')
    return {
      ...common,
      kind: 'service-switch',
      target: { cluster, key: `${namespace}/${name}/switch/${action.switch}` },
      settings: { deployment, switch: action.switch },
    };
  const { health } = input.release.spec.service;
  return {
    ...common,
    kind: 'deployment-environment',
    target: { cluster, key: `${namespace}/${name}` },
    settings: { deployment, variable: action.variable, healthTarget: health.target, healthPath: health.path },
  };
}

const planOf = ({ step }: StepInput<DrillStep>, order: number): Pick<EffectPlan, 'live' | 'scope' | 'order' | 'dueInMs' | 'within'> => ({
  live: false,
  scope: 'step',
  order,
  dueInMs: step.maxDurationMs + RESTORER_SLACK_MS,
  within: { restoreMs: step.limits.restoreMs, proveMs: step.limits.restoreMs },
});

/** A registered effect, and what it sets. */
interface PreparedEffect {
  entry: UndoEntry;
  wanted: unknown;
}

interface PreparedAction extends PreparedEffect {
  action: EmergencyAction;
}

const wantedOf = ({ maxDurationMs }: DrillStep, { type, value }: EmergencyAction): unknown =>
  type === 'switch' ? { value, ttlMs: maxDurationMs } : { value };

async function act({ input, record }: Drill, { action, ...effect }: PreparedAction): Promise<void> {
  const startedAt = now();
  try {
    const written = await apply(input, effect);
    if (action.type === 'environment') await rollOut(input, written);
    record.actions.push({ name: action.name, startedAt, effectiveAt: now(), reason: '' });
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    record.actions.push({ name: action.name, startedAt, effectiveAt: null, reason: failureMessage(error) });
  }
}

type Written = Awaited<ReturnType<EffectActivities['applyEffect']>>;

/** Sets what is not set yet; of a fault, answers when it was on in every pod. */
function apply({ countdown, authority }: StepInput<DrillStep>, { entry, wanted }: PreparedEffect): Promise<Written> {
  const { applyEffect } = proxyActivities<EffectActivities>({ ...writing, taskQueue: clusterTaskQueue(entry.target.cluster) });
  return applyEffect({ entry, wanted, countdown, authority });
}

/** A variable is effective when every pod runs with it. */
async function rollOut({ release, step }: StepInput<DrillStep>, { observedGeneration, at }: Written): Promise<void> {
  const target = stagingOf(release);
  const timeoutMs = LIMITS_WAITED * step.limits.actMs;
  const { watchRollout } = proxyActivities<KubernetesActivities>({
    ...following(timeoutMs * WATCHES_THAT_MUST_FIT),
    taskQueue: clusterTaskQueue(target.cluster),
  });
  const rollout = await watchRollout({ target, observedGeneration, image: release.spec.service.image, timeoutMs, writtenAt: at });
  if (rollout.outcome !== 'complete')
    throw ApplicationFailure.nonRetryable(`the rollout ended as ${rollout.outcome}: ${rollout.detail}`, 'NotEffective');
}

/** Loads the service until the drill cancels it. What it measured is not judged: the trigger is. */
async function runLoad({ input: { release, step, scripts, round, checkpoint, countdown } }: Drill, load: LoadTestStep): Promise<void> {
  const { runLoadTest } = proxyActivities<StepActivities>({ ...queued(step.maxDurationMs + LOAD_OVERHEAD_MS), taskQueue: LOAD_TASK_QUEUE });
  await runLoadTest({
    step: load,
    staging: stagingOf(release),
    image: release.spec.service.image,
    scriptDigest: scriptDigestOf(scripts, load.script),
    runId: `${countdown.workflowId}/${checkpoint}/${step.name}/${round}/${workflowInfo().runId}`,
  });
}

/** Without load a log or an alert is as silent as after a recovery. */
function stopWithoutLoad({ record }: Drill, reason: string): void {
  record.stopped ??= `no load any more: ${reason}`;
}

/** Restores whatever was or may have been registered, also what was never applied. Answers the ids of what does not stand any more. */
async function restoreAll(drill: Drill): Promise<string[]> {
  const { record, registered, input } = drill;
  if (registered.length === 0) return [];
  record.restoreStartedAt = now();
  const reports = await takeBack(registered, input.countdown);
  record.restoredAt = now();
  record.restored = reports.map(({ name, restored, leftAlone, findings }) => ({
    name,
    restored,
    leftAlone,
    reason: findings.map(({ message }) => message).join('; '),
  }));
  drill.facts.push(...reports.flatMap(({ facts }) => facts));
  drill.evidence.push(...reports.flatMap(({ evidence }) => evidence));
  if (record.stopped === null) record.after = await watchAfter(drill);
  return reports.filter(({ restored }) => restored).map(({ id }) => id);
}

/** The restore is proven by the service as well, not only field by field. Not after an interruption: people are waiting. */
async function watchAfter(drill: Drill): Promise<TriggerReport | null> {
  const { steadyMs } = drill.input.step;
  try {
    return await watch(drill, { until: 'clears', since: null, forMs: steadyMs, timeoutMs: STEADY_WAITED * steadyMs });
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    drill.record.stopped = failureMessage(error);
    return null;
  }
}

async function judged({ record, facts, evidence }: Drill): Promise<StepResult> {
  const { judgeDrill } = proxyActivities<DrillActivities>(quick);
  const report = await judgeDrill(record);
  return { findings: report.findings, facts: [...report.facts, ...facts], evidence: [...report.evidence, ...evidence] };
}

/** By the countdown's clock, virtual in a rehearsal: only for durations between two of them. What the watches measure is of the workers' clocks. */
const now = (): string => new Date(Date.now()).toISOString();
