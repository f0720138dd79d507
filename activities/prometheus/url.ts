// Which Prometheus scrapes which cluster.
import type { Environment } from '../../release/environment.ts';
import { named } from '../refusal.ts';

/** URL of the Prometheus that scrapes a cluster. Throws `Misconfigured` when the environment file has none. */
export function prometheusUrl(environment: Environment, cluster: string): string {
  const { clusters, prometheus } = environment.spec;
  return named(prometheus, 'Prometheus', named(clusters, 'cluster', cluster).prometheus).url;
}
