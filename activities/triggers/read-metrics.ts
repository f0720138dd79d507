// One sample of a trigger on metrics: the pods from Kubernetes, their counters from Prometheus, read in parallel.
import type { TriggerTally } from '../../analysis/trigger/watch.ts';
import type { MetricsSample } from '../../analysis/trigger/sample.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import type { PrometheusClient } from '../prometheus/client.ts';
import { podValues } from '../prometheus/pod-values.ts';
import { everyReplicaSet, queries, SETTLED_AFTER_S } from '../prometheus/queries.ts';
import type { ReadPods } from './read-pods.ts';

interface MetricsReader {
  target: DeploymentTarget;
  metric: string;
  /** The first sample is that of this time, ms since 1970 by the clock of the worker; null: of the present. */
  sinceMs: number | null;
  prometheus: PrometheusClient;
  readPods: ReadPods;
}

type Asked = Pick<MetricsSample, 'answers' | 'evaluatedAtS' | 'trouble' | 'queries'>;

/** Throws only on cancellation: a system that does not respond leaves its part of the sample unknown. */
export async function readMetrics(reader: MetricsReader, { samples }: TriggerTally, atMs: number): Promise<MetricsSample> {
  const { target, readPods, sinceMs } = reader;
  const [found, asked] = await Promise.all([readPods(), askPrometheus(reader, samples === 0 ? sinceMs : null)]);
  const sample: MetricsSample = { type: 'metrics', atMs, pods: null, ...asked };
  if (typeof found === 'string')
    return { ...sample, trouble: { query: `pods of deployment ${target.namespace}/${target.deployment}`, message: found } };
  return { ...sample, pods: found.map(({ name, ready, terminating }) => ({ name, serves: ready && !terminating })) };
}

async function askPrometheus({ target, metric, prometheus }: MetricsReader, ofMs: number | null): Promise<Asked> {
  const series = { namespace: target.namespace, replicaSet: everyReplicaSet(target.deployment), metric };
  const sent: MetricsSample['queries'] = {
    up: queries.up(series),
    ageS: queries.ageS(series),
    requests: queries.requests(series),
    coded: queries.coded(series),
    errors: queries.errors(series),
  };
  const unknown = (query: string, message: string): Asked => ({
    answers: null,
    evaluatedAtS: null,
    trouble: { query, message },
    queries: sent,
  });
  const clock = await prometheus.clock();
  if (!clock.ok) return unknown(sent.requests, `${clock.message}; ${sent.requests} was not queried`);
  const { theirsS, beforeMs } = clock.value;
  const settledS = theirsS - SETTLED_AFTER_S;
  const timeS = ofMs === null ? settledS : Math.min(settledS, theirsS + (ofMs - beforeMs) / 1_000);
  const vector = (question: keyof typeof sent) => prometheus.vector(sent[question], timeS);
  const [up, ageS, requests, coded, errors] = await Promise.all([
    vector('up'),
    vector('ageS'),
    vector('requests'),
    vector('coded'),
    vector('errors'),
  ]);
  const answers = [up, ageS, requests, coded, errors];
  const missing = answers.find((answer) => !answer.ok);
  if (missing && !missing.ok) return unknown(missing.query, missing.message);
  const [ups = [], ages = [], counts = [], withCode = [], failed = []] = answers.map((answer) =>
    answer.ok ? podValues(answer.value) : [],
  );
  return {
    answers: { up: ups, ageS: ages, requests: counts, coded: withCode, errors: failed },
    evaluatedAtS: timeS,
    trouble: null,
    queries: sent,
  };
}
