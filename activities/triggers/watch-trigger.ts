// The watch of a trigger: samples, stores in parts, and ends as soon as there is an outcome.
import { setTimeout as pause } from 'node:timers/promises';
import type { TriggerWatch } from '../../analysis/trigger/condition.ts';
import type { TriggerSample } from '../../analysis/trigger/sample.ts';
import { addSample, EMPTY_TALLY, outcomeOf, triggerFacts, type TriggerOutcome, type TriggerTally } from '../../analysis/trigger/watch.ts';
import type { Environment } from '../../release/environment.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { createParts, type StoredSamples } from '../evidence/sample-parts.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import { createPrometheusClient, type PrometheusClient } from '../prometheus/client.ts';
import { prometheusUrl } from '../prometheus/url.ts';
import { named, refuse } from '../refusal.ts';
import { runningActivity, type ActivityProgress, type RunningActivity } from '../running-activity.ts';
import type { TriggerActivities, TriggerReport, WatchTriggerInput } from './contract.ts';
import { readAlertState } from './read-alert.ts';
import { readLogs } from './read-logs.ts';
import { readMetrics } from './read-metrics.ts';
import { podReader } from './read-pods.ts';

/** A third of the shortest heartbeat timeout (6 s). From a timer: one slow sample may take 10 s on a healthy worker. */
const HEARTBEAT_EVERY_MS = 2_000;

export interface TriggerDependencies {
  store: EvidenceStore;
  environment: Environment;
  clients: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
  /** For tests: milliseconds since 1970, a wait, and Prometheus. */
  now?: () => number;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  prometheus?: (options: { url: string; signal: AbortSignal; now: () => number }) => PrometheusClient;
}

type Carry = StoredSamples<TriggerTally>;

/** The activity that watches a trigger. */
export function createTriggerActivities(dependencies: TriggerDependencies): TriggerActivities {
  const { activity = runningActivity } = dependencies;
  return { watchTrigger: (input) => watchTrigger(dependencies, input, activity()) };
}

/** Throws `Misconfigured` where the environment file lacks a name or a right, and the reason of cancellation. */
async function watchTrigger(
  dependencies: TriggerDependencies,
  input: WatchTriggerInput,
  activity: RunningActivity,
): Promise<TriggerReport> {
  const { store, now = Date.now, wait = pauseFor } = dependencies;
  const { signal } = activity;
  const watch = watchOf(input);
  const takeSample = samplerOf(dependencies, input, watch, signal);
  const source = `trigger ${watch.trigger.name} on ${watch.subject} of cluster ${input.target.cluster}`;
  const parts = createParts<TriggerSample, TriggerTally>({
    put: (bytes) => store.put({ kind: 'trigger-samples', mediaType: 'application/x-ndjson', source }, bytes),
    head: { trigger: watch },
    stored: carryOf(activity.lastHeartbeat) ?? { tally: EMPTY_TALLY, parts: [] },
  });
  let { tally } = parts.stored();
  let progress: ActivityProgress = { text: `watching ${source}`, done: 0, total: input.timeoutMs, unit: 'ms' };
  const beat = () => activity.heartbeat({ ...progress, carry: parts.stored() });
  beat();
  const timer = setInterval(beat, HEARTBEAT_EVERY_MS);
  try {
    for (;;) {
      signal.throwIfAborted();
      const atMs = now();
      const sample = await takeSample(tally, atMs);
      tally = parts.add(sample, addSample(tally, sample, watch));
      progress = progressOf(tally, watch, progress);
      const outcome = outcomeOf(tally, watch);
      // The first sample is stored at once: another worker continues with its time and counters.
      const notKept = outcome !== null || tally.samples === 1 || parts.due() ? await parts.flush() : null;
      beat();
      if (outcome !== null) return reportOf(outcome, tally, watch, { carry: parts.stored(), notKept });
      const endsMs = (tally.startedMs ?? atMs) + input.timeoutMs;
      await wait(Math.max(0, Math.min(atMs + input.trigger.intervalMs, endsMs) - now()), signal);
    }
  } finally {
    clearInterval(timer);
  }
}

function watchOf({ trigger, target, until, since, forMs, timeoutMs }: WatchTriggerInput): TriggerWatch {
  return {
    trigger,
    subject: `deployment ${target.namespace}/${target.deployment}`,
    namespace: target.namespace,
    until,
    sinceMs: since === null ? null : Date.parse(since),
    forMs,
    timeoutMs,
  };
}

/** What takes a sample of this type of trigger. */
function samplerOf(
  { environment, clients, now = Date.now, prometheus = createPrometheusClient }: TriggerDependencies,
  { trigger, target }: WatchTriggerInput,
  { sinceMs }: TriggerWatch,
  signal: AbortSignal,
): (tally: TriggerTally, atMs: number) => Promise<TriggerSample> {
  const { cluster } = target;
  if (trigger.type === 'log') {
    if (!named(environment.spec.clusters, 'cluster', cluster).podLogs)
      throw refuse(
        'Misconfigured',
        `trigger ${trigger.name} reads the logs of pods, which the environment file does not allow; ` +
          `set spec.clusters.${cluster}.podLogs: true, and grant get pods/log in namespace ${target.namespace}`,
      );
    const client = clients(cluster);
    const reader = { target, text: trigger.text, sinceMs, client, readPods: podReader(client, target, signal), signal };
    return (tally, atMs) => readLogs(reader, tally, atMs);
  }
  const url = prometheusUrl(environment, cluster);
  const client = prometheus({ url, signal, now });
  if (trigger.type === 'metrics') {
    const readPods = podReader(clients(cluster), target, signal);
    const reader = { target, metric: trigger.metric, sinceMs, prometheus: client, readPods };
    return (tally, atMs) => readMetrics(reader, tally, atMs);
  }
  const alertmanagerUrl = named(environment.spec.alertmanager, 'Alertmanager', trigger.alertmanager).url;
  const reader = { condition: trigger, alertmanagerUrl, prometheusUrl: url, prometheus: client, signal };
  return (_, atMs) => readAlertState(reader, atMs);
}

interface Kept {
  carry: Carry;
  notKept: string | null;
}

function reportOf(
  { outcome, atMs, message }: TriggerOutcome,
  tally: TriggerTally,
  watch: TriggerWatch,
  { carry, notKept }: Kept,
): TriggerReport {
  return {
    outcome,
    at: new Date(atMs).toISOString(),
    message: notKept === null ? message : `${message}; its samples could not be stored: ${notKept}`,
    facts: triggerFacts(tally, watch),
    // A report on unstored samples cannot be verified, and cites no evidence.
    evidence: notKept === null ? carry.parts : [],
  };
}

const progressOf = ({ reading, startedMs, atMs }: TriggerTally, { trigger }: TriggerWatch, before: ActivityProgress): ActivityProgress => ({
  ...before,
  text: `trigger ${trigger.name}: ${reading?.message ?? 'no sample yet'}`,
  done: Math.min(before.total, (atMs ?? 0) - (startedMs ?? 0)),
});

/** Heartbeat details of the previous attempt. */
const carryOf = (lastHeartbeat: unknown): Carry | null => (lastHeartbeat as { carry?: Carry } | null | undefined)?.carry ?? null;

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal });
}
