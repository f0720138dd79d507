// The watch after a launch: asks Prometheus and Kubernetes at each look, keeps what they said, and stops as soon as something is certain.
import { setTimeout as pause } from 'node:timers/promises';
import { guardBreach, guardFact, isBlind, judgeGuard } from '../../analysis/guard/judge.ts';
import type { GuardLimits, GuardSample, PodValue } from '../../analysis/guard/sample.ts';
import { addSample, EMPTY_TALLY } from '../../analysis/guard/tally.ts';
import { durationMs } from '../../release/duration.ts';
import type { Environment } from '../../release/environment.ts';
import { sharePercent } from '../../release/share.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { ApiFailure, refuse } from '../kubernetes/api-failure.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import { readDeploymentPods, type DeploymentPods } from '../kubernetes/pods.ts';
import { createPrometheusClient, type Answer, type PrometheusClient, type Sample } from '../prometheus/client.ts';
import { queries, SETTLED_AFTER_S, type PodSeries } from '../prometheus/queries.ts';
import { runningActivity, type RunningActivity } from '../running-activity.ts';
import type { GuardInput, GuardReport, StepActivities } from '../steps-contract.ts';

/** A third of the heartbeat timeout: an interval of a minute is no sign of a dead worker. */
const HEARTBEAT_EVERY_MS = 5_000;
/** p99 for people needs two scrapes in its window. */
const SHORTEST_WINDOW_S = 10;

export interface GuardDependencies {
  store: EvidenceStore;
  environment: Environment;
  clients: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
  /** For tests: milliseconds since 1970, and a wait. */
  now?: () => number;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function createGuardActivities(dependencies: GuardDependencies): Pick<StepActivities, 'runGuard'> {
  const { activity = runningActivity } = dependencies;
  return { runGuard: (input) => runGuard(dependencies, input, activity()) };
}

/** Watches until the bake time is over, a limit is surely broken, or nothing could be seen for too long. */
async function runGuard(
  { store, environment, clients, now = Date.now, wait = pauseFor }: GuardDependencies,
  input: GuardInput,
  { heartbeat, signal }: RunningActivity,
): Promise<GuardReport> {
  const limits = limitsOf(input);
  const client = clients(input.production.cluster);
  const prometheus = createPrometheusClient({ url: prometheusUrl(environment, input.production.cluster), signal, now });
  const samples: GuardSample[] = [];
  const startedMs = now();
  let tally = EMPTY_TALLY;

  for (;;) {
    signal.throwIfAborted();
    const lookMs = now();
    const pods = await podsNow();
    const sample = await look(prometheus, input, limits, { lookMs, startedMs, pods });
    samples.push(sample);
    tally = addSample(tally, sample, limits.noDataAfterMs);
    const progress = {
      text: tally.blindMs > 0 ? `sees nothing: ${tally.trouble?.sentence ?? ''}` : guardFact(tally, limits).text,
      done: tally.watchedMs,
      total: limits.watchMs,
      unit: 'ms',
    };
    heartbeat(progress);
    if (guardBreach(tally, limits).length > 0 || isBlind(tally, limits)) break;
    // Never ends on a blind look: either data come back, or they are missing for too long.
    if (tally.watchedMs >= limits.watchMs && tally.blindMs === 0) break;
    for (let left = limits.intervalMs - (now() - lookMs); left > 0; left = limits.intervalMs - (now() - lookMs)) {
      heartbeat(progress);
      await wait(Math.min(left, HEARTBEAT_EVERY_MS), signal);
    }
  }

  const lines = [{ limits }, ...samples].map((line) => `${JSON.stringify(line)}\n`).join('');
  const source = `Prometheus of cluster ${input.production.cluster} on ${limits.subject}`;
  const evidence = await store.put(
    { kind: 'prometheus-samples', mediaType: 'application/x-ndjson', source },
    new TextEncoder().encode(lines),
  );
  return {
    findings: judgeGuard(samples, limits, [evidence.digest]),
    facts: [guardFact(tally, limits)],
    evidence: [evidence],
    watchedMs: tally.watchedMs,
  };

  /** A cluster that does not answer leaves the pods unknown, and the look blind. */
  async function podsNow(): Promise<DeploymentPods | ApiFailure> {
    try {
      return await readDeploymentPods(client, input.production);
    } catch (error) {
      if (error instanceof ApiFailure) return error;
      throw error;
    }
  }
}

interface Moment {
  lookMs: number;
  startedMs: number;
  pods: DeploymentPods | ApiFailure;
}

async function look(
  prometheus: PrometheusClient,
  { production, step, image }: GuardInput,
  limits: GuardLimits,
  { lookMs, startedMs, pods }: Moment,
): Promise<GuardSample> {
  const running = pods instanceof ApiFailure ? [] : pods.pods.filter(({ terminating }) => !terminating);
  const series: PodSeries = {
    namespace: production.namespace,
    replicaSet: replicaSetOf(production.deployment, pods),
    metric: step.metric,
    limitMs: limits.p99Ms,
  };
  const asked: Required<GuardSample['queries']> = {
    up: queries.up(series),
    ageS: queries.ageS(series),
    requests: queries.requests(series),
    coded: queries.coded(series),
    errors: queries.errors(series),
    within: queries.within(series),
  };
  const sample: GuardSample = {
    atMs: lookMs,
    pods: running.map(({ name }) => name),
    restarts: Object.fromEntries(running.map(({ name, restarts }) => [name, restarts])),
    answers: null,
    trouble: null,
    p99S: null,
    queries: asked,
  };
  const blind = (query: string, sentence: string): GuardSample => ({ ...sample, trouble: { query, sentence } });
  if (pods instanceof ApiFailure) return blind(`pods of ${limits.subject}`, pods.message);
  const other = [...running, ...pods.others.filter(({ terminating }) => !terminating)].find((pod) => pod.image !== image);
  if (other) return blind(`pods of ${limits.subject}`, `pod ${other.name} runs ${other.image}, not the launched ${image}`);

  const clock = await prometheus.clock();
  if (!clock.ok) return blind(asked.requests, `${clock.sentence}; so nothing is known of ${asked.requests}`);
  const timeS = clock.value.theirsS - SETTLED_AFTER_S;
  const windowS = Math.max(SHORTEST_WINDOW_S, Math.round((lookMs - startedMs) / 1_000));
  const [up, ageS, requests, coded, errors, within, p99] = await Promise.all([
    prometheus.vector(asked.up, timeS),
    prometheus.vector(asked.ageS, timeS),
    prometheus.vector(asked.requests, timeS),
    prometheus.vector(asked.coded, timeS),
    prometheus.vector(asked.errors, timeS),
    prometheus.vector(asked.within, timeS),
    prometheus.one(queries.p99S(series, windowS), timeS),
  ]);
  const missing = [up, ageS, requests, coded, errors, within].find((answer) => !answer.ok);
  if (missing && !missing.ok) return blind(missing.query, missing.sentence);
  return {
    ...sample,
    answers: {
      up: byPod(up),
      ageS: byPod(ageS),
      requests: byPod(requests),
      coded: byPod(coded),
      errors: byPod(errors),
      within: byPod(within),
    },
    p99S: p99.ok ? p99.value : null,
  };
}

function byPod(answer: Answer<Sample[]>): PodValue[] {
  return answer.ok ? answer.value.map(({ labels, value }) => ({ pod: labels['pod'] ?? '', value })) : [];
}

function replicaSetOf(deployment: string, pods: DeploymentPods | ApiFailure): string {
  return pods instanceof ApiFailure || pods.templateHash === '' ? deployment : `${deployment}-${pods.templateHash}`;
}

function limitsOf({ step, production, remainingMs }: GuardInput): GuardLimits {
  const intervalMs = durationMs(step.interval);
  return {
    subject: `deployment ${production.namespace}/${production.deployment}`,
    p99Ms: durationMs(step.limits.p99),
    errorPercent: sharePercent(step.limits.errorRate),
    minRequests: step.minRequests,
    falseAlarmPercent: sharePercent(step.falseAlarm),
    plannedLooks: Math.max(1, Math.ceil(durationMs(step.bake) / intervalMs)),
    noDataAfterMs: durationMs(step.noDataAfter),
    watchMs: remainingMs,
    intervalMs,
  };
}

/** Address of the Prometheus that scrapes a cluster. Throws `Misconfigured` when the environment file does not know it. */
export function prometheusUrl(environment: Environment, cluster: string): string {
  const { clusters, prometheus } = environment.spec;
  const name = Object.hasOwn(clusters, cluster) ? clusters[cluster]?.prometheus : undefined;
  const known = name !== undefined && Object.hasOwn(prometheus, name) ? prometheus[name] : undefined;
  if (!known)
    throw refuse(
      'Misconfigured',
      name === undefined
        ? `the environment file names no cluster ${cluster}`
        : `the environment file names no Prometheus ${name}, which cluster ${cluster} asks for`,
    );
  return known.url;
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal });
}
