// Which Prometheus scrapes which cluster.
import type { Environment } from '../../release/environment.ts';
import { refuse } from '../kubernetes/api-failure.ts';

/** Address of the Prometheus that scrapes a cluster. Throws `Misconfigured` when the environment file does not name it. */
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
