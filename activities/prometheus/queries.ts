// The queries about the pods of one ReplicaSet. Guard and preflight send the same ones, so preflight checks exactly what the guard needs.
import { PROBE_ROUTES } from '../../analysis/runtime/requests.ts';

/** The requests of some pods. */
export interface RequestSeries {
  namespace: string;
  /** Deployment name and pod-template-hash: `go-api-7d4b9c`. */
  replicaSet: string;
  /** Name of the histogram in seconds: `http_request_duration_seconds`. */
  metric: string;
}

export interface PodSeries extends RequestSeries {
  /** The p99 limit; the histogram needs a bucket boundary exactly there. */
  limitMs: number;
}

/** Queries that are compared have the same evaluation time, this long ago: the scrapes of that time are then complete. */
export const SETTLED_AFTER_S = 1;

export const queries = {
  /** One sample per scrape target: exactly one for each pod, of value 1. */
  up: (series: RequestSeries) => `up${selector(series)}`,
  /** Age of the newest scrape of each pod in seconds, on Prometheus' own clock. */
  ageS: (series: RequestSeries) => `time() - timestamp(up${selector(series)})`,
  /** Requests since the pod's process started. */
  requests: (series: RequestSeries) => `sum by (pod) (${series.metric}_count${selector(series, [probes])})`,
  /** Those with a status in the label `code`. With fewer than all, errors are unknown: `errors` matches only that label. */
  coded: (series: RequestSeries) => `sum by (pod) (${series.metric}_count${selector(series, [probes, 'code=~"[1-5].."'])})`,
  /** Responses with 5xx. */
  errors: (series: RequestSeries) => `sum by (pod) (${series.metric}_count${selector(series, [probes, 'code=~"5.."'])})`,
  /** Responses within the limit. */
  within: (series: PodSeries) => `sum by (pod) (${series.metric}_bucket${selector(series, [probes, `le=~"${boundary(series.limitMs)}"`])})`,
  /** Requests in flight. A service without the gauge has no such series. */
  inFlight: (series: RequestSeries) => `sum by (pod) (${inFlightGauge(series.metric)}${selector(series)})`,
  /** Requests to all versions of a Deployment in the window: the traffic before a launch. */
  before: ({ namespace, deployment, metric }: { namespace: string; deployment: string; metric: string }, windowS: number) =>
    `sum(increase(${metric}_count${selector({ namespace, replicaSet: everyReplicaSet(deployment) }, [probes])}[${windowS}s]))`,
  /** For display only: p99 over a window, interpolated between bucket boundaries. */
  p99S: (series: PodSeries, windowS: number) =>
    `histogram_quantile(0.99, sum by (le) (increase(${series.metric}_bucket${selector(series, [probes])}[${windowS}s])))`,
};

/** As `replicaSet` of a series: the pods of every template of a Deployment. */
export const everyReplicaSet = (deployment: string): string => `${deployment}-[a-z0-9]+`;

const probes = `route!~"${PROBE_ROUTES}"`;

/** `http_requests_in_flight` for `http_request_duration_seconds`: the usual Go middleware exports both. */
const inFlightGauge = (metric: string): string =>
  `${metric.replace(/_request_duration_seconds$/, '').replace(/_seconds$/, '')}_requests_in_flight`;

/** `.` is the only special character of regular expressions in pod names; in a PromQL string its backslash is escaped again. */
const escaped = (name: string): string => name.replaceAll('.', '\\\\.');

function selector({ namespace, replicaSet }: Pick<RequestSeries, 'namespace' | 'replicaSet'>, more: readonly string[] = []): string {
  return `{${[`namespace="${namespace}"`, `pod=~"${escaped(replicaSet)}-[a-z0-9]+"`, ...more].join(',')}}`;
}

/** `0.3` as in the text format; whole seconds also as `1.0`, which Prometheus 3 stores. */
function boundary(limitMs: number): string {
  const text = String(limitMs / 1_000);
  return text.includes('.') ? text.replace('.', '\\\\.') : `${text}|${text}\\\\.0`;
}
