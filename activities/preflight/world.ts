// What the checks of preflight may ask.
import type { EvidenceStore } from '../evidence/contract.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentPods } from '../kubernetes/pods.ts';
import type { PrometheusClient } from '../prometheus/client.ts';
import type { PreflightInput } from '../steps-contract.ts';

/** What the checks may ask. Each Deployment is read once, so that all checks judge the same state; names that the environment file lacks throw when asked. */
export interface PreflightWorld {
  input: PreflightInput;
  client(cluster: string): ClusterClient;
  production(): Promise<DeploymentPods>;
  /** Throws when the plan has no load test. */
  staging(): Promise<DeploymentPods>;
  store: EvidenceStore;
  prometheus(): PrometheusClient;
  healthUrl(): string;
  /** Whether the load test may read the logs of pods in staging, and so needs the right. */
  readsPodLogs: boolean;
  signal: AbortSignal;
}
