// The watch after a launch: samples, judges, stores in parts, and reports as soon as the outcome is certain.
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { findingsOf, guardFacts, guardLine } from '../../analysis/guard/judge.ts';
import { isOver, outcomeOf, type GuardOutcome } from '../../analysis/guard/outcome.ts';
import type { GuardLimits, GuardSample, OldTraffic } from '../../analysis/guard/sample.ts';
import { EMPTY_TALLY, type GuardTally } from '../../analysis/guard/guard-tally.ts';
import { addSample } from '../../analysis/guard/tally.ts';
import type { Environment } from '../../release/environment.ts';
import { judgeNotKept } from '../../verdict/evidence-not-kept.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { createParts, MAX_PARTS } from '../evidence/sample-parts.ts';
import { failpoint, withFailpoints } from '../failpoint.ts';
import { askHealth, healthUrl, type HealthAnswer } from '../health.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { ActivityProgress } from '../running-activity.ts';
import { readDeploymentPods } from '../kubernetes/pods.ts';
import { createPrometheusClient, type PrometheusClient } from '../prometheus/client.ts';
import { prometheusUrl } from '../prometheus/url.ts';
import { runningActivity, type RunningActivity } from '../running-activity.ts';
import type { GuardCarry, GuardInput, GuardReport, StepActivities } from '../steps-contract.ts';
import { readOldTraffic, takeSample, type Watched } from './take-sample.ts';

/** A third of the heartbeat timeout (6 s). From a timer: one slow sample may take 20 s on a healthy worker. */
const HEARTBEAT_EVERY_MS = 2_000;

/** The SDK's reason when the countdown itself ends the watch. */
const CANCELLED = 'CANCELLED';

export interface GuardDependencies {
  store: EvidenceStore;
  environment: Environment;
  clients: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
  /** For tests: milliseconds since 1970, a wait, and the outside systems. */
  now?: () => number;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  prometheus?: (options: { url: string; signal: AbortSignal; now: () => number }) => PrometheusClient;
  health?: (url: string, signal: AbortSignal) => Promise<HealthAnswer>;
}

/** The activity of the step `guard`. */
export function createGuardActivities(dependencies: GuardDependencies): Pick<StepActivities, 'runGuard'> {
  const { activity = runningActivity } = dependencies;
  return { runGuard: (input) => runGuard(dependencies, input, activity()) };
}

/** Watches until there is an outcome: passed, breach, blind, recovered, or undecided after `maxBake`. */
async function runGuard(dependencies: GuardDependencies, input: GuardInput, activity: RunningActivity): Promise<GuardReport> {
  const { store, now = Date.now, wait = pauseFor } = dependencies;
  const { signal } = activity;
  const watched = watchedBy(dependencies, input, signal);
  const carry = carryOf(activity.lastHeartbeat) ?? input.carry;
  let progress: ActivityProgress = { text: 'starting the watch', done: 0, total: input.step.bakeMs, unit: 'ms' };
  let carried = carry;
  const beat = () => activity.heartbeat(carried === null ? progress : { ...progress, carry: carried });
  beat();
  const timer = setInterval(beat, HEARTBEAT_EVERY_MS);
  try {
    const limits = limitsOf(
      input,
      carry ? carry.oldTraffic : input.launchedAt === null ? null : await readOldTraffic(watched, input.launchedAt),
    );
    const source = `Prometheus and Kubernetes of cluster ${input.production.cluster} on ${limits.subject}`;
    const parts = createParts<GuardSample, GuardTally>({
      put: (bytes) =>
        withFailpoints('guard.store', () => store.put({ kind: 'prometheus-samples', mediaType: 'application/x-ndjson', source }, bytes)),
      head: { limits },
      stored: carry ?? { tally: EMPTY_TALLY, parts: [] },
    });
    const carryNow = (): GuardCarry => ({ ...parts.stored(), oldTraffic: limits.oldTraffic });
    let { tally } = parts.stored();
    let replicaSet: string | null = null;
    for (;;) {
      signal.throwIfAborted();
      const atMs = now();
      await failpoint('guard.sample.before');
      const sample = await takeSample(watched, { atMs, startedMs: tally.startedMs ?? atMs, replicaSet });
      await failpoint('guard.sample.after');
      replicaSet = sample.deployment?.replicaSet ?? replicaSet;
      tally = parts.add(sample, addSample(tally, sample, limits));
      progress = progressOf(tally, limits);

      const outcome = outcomeOf(tally, limits, input.blindReported);
      const notKept = outcome !== null || parts.due() ? await parts.flush() : null;
      carried = carryNow();
      beat();
      const reported = reportedAs(outcome, notKept, isOver(tally, limits), carried.parts.length);
      if (reported !== null) return reportOf({ outcome: reported, tally, limits, carry: carryNow(), notKept });
      await wait(Math.max(0, limits.intervalMs - (now() - atMs)), signal);
    }
  } catch (error) {
    const isEnded = signal.aborted && (signal.reason as Error).message === CANCELLED;
    throw carried === null || isEnded ? error : withCarry(error, carried);
  } finally {
    clearInterval(timer);
  }
}

/** The next activity continues where a failed guard, or one on a worker that shut down, stopped. */
function withCarry(error: unknown, carry: GuardCarry): ApplicationFailure {
  const { name, message, cause } = error as Error;
  const aborted = name === 'AbortError' && cause instanceof Error ? cause.message : message;
  return ApplicationFailure.create({ message: aborted, type: name, details: [{ carry }], cause: error as Error });
}

/** A pass requires stored evidence: the watch continues until the evidence can be stored, or `maxBake` is over. */
function reportedAs(outcome: GuardOutcome | null, notKept: string | null, over: boolean, parts: number): GuardOutcome | null {
  if (outcome === 'passed' && notKept !== null) return over ? 'undecided' : null;
  return outcome === 'recovered' && parts >= MAX_PARTS ? 'undecided' : outcome;
}

interface Ended {
  outcome: GuardOutcome;
  tally: GuardTally;
  limits: GuardLimits;
  carry: GuardCarry;
  notKept: string | null;
}

function reportOf({ outcome, tally, limits, carry, notKept }: Ended): GuardReport {
  // Findings on unstored samples cannot be verified, and cite no evidence.
  const evidence = notKept === null ? carry.parts.map(({ digest }) => digest) : [];
  return {
    outcome,
    findings: [...findingsOf(tally, limits, evidence), ...judgeNotKept(limits.subject, notKept ?? undefined)],
    facts: guardFacts(tally, limits),
    evidence: carry.parts,
    carry,
    blindMs: tally.blindMs,
    ...(outcome === 'breach' && tally.atMs !== null ? { failedAt: new Date(tally.atMs).toISOString() } : {}),
  };
}

function progressOf(tally: GuardTally, limits: GuardLimits): ActivityProgress {
  const text = tally.trouble === null ? guardLine(tally, limits) : `no complete sample: ${tally.trouble.message}`;
  return { text, done: Math.min(tally.watchedMs - tally.bake.watchedMs, limits.bakeMs), total: limits.bakeMs, unit: 'ms' };
}

function watchedBy(
  { environment, clients, now = Date.now, prometheus = createPrometheusClient, health = askHealth }: GuardDependencies,
  { production, step, healthTarget, healthPath }: GuardInput,
  signal: AbortSignal,
): Watched {
  const client = clients(production.cluster);
  const page = healthUrl(environment, healthTarget, healthPath);
  return {
    target: production,
    metric: step.metric,
    p99LimitMs: step.limits.p99Ms,
    readPods: () => readDeploymentPods(client, production),
    askHealth: () => health(page, signal),
    prometheus: prometheus({ url: prometheusUrl(environment, production.cluster), signal, now }),
    signal,
  };
}

/** Heartbeat details of the previous attempt; newer than the input. */
const carryOf = (lastHeartbeat: unknown): GuardCarry | null => (lastHeartbeat as { carry?: GuardCarry } | null | undefined)?.carry ?? null;

function limitsOf({ step, production, image }: GuardInput, oldTraffic: OldTraffic | null): GuardLimits {
  return {
    subject: `deployment ${production.namespace}/${production.deployment}`,
    image,
    p99Ms: step.limits.p99Ms,
    errorPercent: step.limits.errorPercent,
    minRequests: step.minRequests,
    falseAlarmPercent: step.falseAlarmPercent,
    noDataAfterMs: step.noDataAfterMs,
    liveDeadlineMs: step.liveDeadlineMs,
    bakeMs: step.bakeMs,
    maxBakeMs: step.maxBakeMs,
    intervalMs: step.intervalMs,
    oldTraffic,
  };
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal });
}
