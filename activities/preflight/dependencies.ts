// What the preflight checks can read.
import type { EvidenceStore } from '../evidence/contract.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentPods } from '../kubernetes/pods.ts';
import type { PrometheusClient } from '../prometheus/client.ts';
import type { PreflightInput } from '../steps-contract.ts';

/** Each Deployment is read once, so that all checks judge the same state. A name that the environment file lacks throws when it is used. */
export interface CheckDependencies {
  input: PreflightInput;
  client(cluster: string): ClusterClient;
  production(): Promise<DeploymentPods>;
  /** Throws when the plan has no load test. */
  staging(): Promise<DeploymentPods>;
  store: EvidenceStore;
  prometheus(): PrometheusClient;
  healthUrl(): string;
  /** Whether the load test reads pod logs in staging and needs the permission. */
  readsPodLogs: boolean;
  signal: AbortSignal;
}
