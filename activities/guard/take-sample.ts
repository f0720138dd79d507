// One sample of the launched version: Kubernetes, health page and Prometheus are read in parallel, each with its own timeout.
import { ApplicationFailure } from '@temporalio/common';
import type { GuardAnswers, GuardDeployment, GuardSample, OldTraffic, PodValue } from '../../analysis/guard/sample.ts';
import type { HealthAnswer } from '../health.ts';
import { ApiFailure } from '../kubernetes/api-failure.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { imageOf } from '../kubernetes/objects.ts';
import type { DeploymentPods, ServingPod } from '../kubernetes/pods.ts';
import type { Answer, PrometheusClient, Sample } from '../prometheus/client.ts';
import { podValues } from '../prometheus/pod-values.ts';
import { queries, SETTLED_AFTER_S, type PodSeries } from '../prometheus/queries.ts';
import { timedOut } from '../reason-of.ts';
import { within } from '../within.ts';

/** Three reads of at most 3 s each; several pages that take longer mean a failing API server. */
const PODS_TIMEOUT_MS = 10_000;
/** The displayed p99 needs two scrapes in its window. */
const MIN_WINDOW_S = 10;
/** Ten scrapes at the slowest usual interval; short enough that the traffic is still that of the launch. */
const OLD_WINDOW_S = 300;

export interface Watched {
  target: DeploymentTarget;
  metric: string;
  p99LimitMs: number;
  readPods(): Promise<DeploymentPods>;
  askHealth(): Promise<HealthAnswer>;
  prometheus: PrometheusClient;
  signal: AbortSignal;
}

interface SampleTime {
  atMs: number;
  startedMs: number;
  /** ReplicaSet of the previous sample: with it Prometheus is queried at once; null reads Kubernetes first. */
  replicaSet: string | null;
}

/** Takes one sample. Throws only on cancellation: a system that does not respond leaves its part of the sample unknown. */
export async function takeSample(watched: Watched, time: SampleTime): Promise<GuardSample> {
  const { target } = watched;
  const deployment = readDeployment(watched);
  const asked =
    time.replicaSet !== null
      ? askPrometheus(watched, time.replicaSet, time)
      : deployment.then((read) => askPrometheus(watched, 'trouble' in read ? target.deployment : read.replicaSet, time));
  const [read, health, answered] = await Promise.all([deployment, watched.askHealth(), asked]);
  const known = 'trouble' in read ? null : read;
  const sample: GuardSample = {
    atMs: time.atMs,
    deployment: known,
    health: { ok: health.ok, detail: health.detail },
    ...answered,
  };
  if ('trouble' in read)
    return { ...sample, trouble: { query: `pods of deployment ${target.namespace}/${target.deployment}`, message: read.trouble } };
  if (time.replicaSet === null || read.replicaSet === time.replicaSet) return sample;
  const message = `the pod template changed: ReplicaSet ${read.replicaSet} replaced ${time.replicaSet}`;
  return { ...sample, answers: null, trouble: { query: answered.queries.requests, message } };
}

/** Requests to the old version before the launch. Read once; unknown traffic is not a problem of the launched version. */
export async function readOldTraffic({ target, metric, prometheus }: Watched, launchedAt: string): Promise<OldTraffic> {
  const query = queries.before({ ...target, metric }, OLD_WINDOW_S);
  const answer = await prometheus.one(query, Date.parse(launchedAt) / 1_000);
  const known = { query, at: launchedAt, windowS: OLD_WINDOW_S };
  return answer.ok ? { ...known, requests: answer.value, trouble: null } : { ...known, requests: null, trouble: answer.message };
}

type Reading = GuardDeployment | { trouble: string };

/** A cluster that does not respond leaves the pods unknown. */
async function readDeployment({ target, readPods, signal }: Watched): Promise<Reading> {
  const reading = readPods().then(
    (pods): Reading => deploymentOf(pods, target),
    (error: unknown): Reading => {
      // Missing credentials are an ApplicationFailure: the version is live, so the watch continues without its pods.
      if (error instanceof ApiFailure || error instanceof ApplicationFailure) return { trouble: error.message };
      throw error;
    },
  );
  const late = { trouble: `cluster ${target.cluster}: listing the pods ${timedOut(PODS_TIMEOUT_MS)}` };
  const read = await within(PODS_TIMEOUT_MS, reading, late, signal);
  signal.throwIfAborted();
  return read;
}

function deploymentOf(
  { deployment: { spec }, templateHash, pods, others }: DeploymentPods,
  { deployment, container }: DeploymentTarget,
): GuardDeployment {
  return {
    wanted: spec.replicas ?? 1,
    templateImage: imageOf(spec.template, container) ?? '',
    replicaSet: templateHash === '' ? deployment : `${deployment}-${templateHash}`,
    pods: pods.map(podOf),
    others: others.filter(({ terminating }) => !terminating).map(({ name }) => name),
  };
}

const podOf = ({ name, ready, node, terminating, notReady, restarts }: ServingPod) => ({
  name,
  ready,
  pending: node === '',
  terminating,
  why: notReady?.reason ?? '',
  restarts,
});

type Answered = Pick<GuardSample, 'answers' | 'evaluatedAtS' | 'trouble' | 'p99S' | 'queries'>;

async function askPrometheus(
  { target, metric, p99LimitMs, prometheus }: Watched,
  replicaSet: string,
  { atMs, startedMs }: SampleTime,
): Promise<Answered> {
  const series: PodSeries = { namespace: target.namespace, replicaSet, metric, limitMs: p99LimitMs };
  const asked: GuardSample['queries'] = {
    up: queries.up(series),
    ageS: queries.ageS(series),
    requests: queries.requests(series),
    coded: queries.coded(series),
    errors: queries.errors(series),
    within: queries.within(series),
    inFlight: queries.inFlight(series),
  };
  const unknown = (query: string, message: string): Answered => ({
    answers: null,
    evaluatedAtS: null,
    trouble: { query, message },
    p99S: null,
    queries: asked,
  });
  const clock = await prometheus.clock();
  if (!clock.ok) return unknown(asked.requests, `${clock.message}; ${asked.requests} was not queried`);
  const timeS = clock.value.theirsS - SETTLED_AFTER_S;
  const windowS = Math.max(MIN_WINDOW_S, Math.round((atMs - startedMs) / 1_000));
  const vector = (question: keyof GuardAnswers) => prometheus.vector(asked[question], timeS);
  const [up, ageS, requests, coded, errors, within, inFlight, p99] = await Promise.all([
    vector('up'),
    vector('ageS'),
    vector('requests'),
    vector('coded'),
    vector('errors'),
    vector('within'),
    vector('inFlight'),
    prometheus.one(queries.p99S(series, windowS), timeS),
  ]);
  const missing = [up, ageS, requests, coded, errors, within].find((answer) => !answer.ok);
  if (missing && !missing.ok) return unknown(missing.query, missing.message);
  return {
    answers: {
      up: byPod(up),
      ageS: byPod(ageS),
      requests: byPod(requests),
      coded: byPod(coded),
      errors: byPod(errors),
      within: byPod(within),
      inFlight: byPod(inFlight),
    },
    evaluatedAtS: timeS,
    trouble: null,
    p99S: p99.ok ? p99.value : null,
    queries: asked,
  };
}

const byPod = (answer: Answer<Sample[]>): PodValue[] => (answer.ok ? podValues(answer.value) : []);
