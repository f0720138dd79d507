// What a load test is given from outside: where things are, how to list pods, and how it is told to end.
import type { EvidenceStore } from '../evidence/contract.ts';
import type { ActivityProgress, DeploymentTarget } from '../kubernetes/contract.ts';
import type { StartK6 } from './k6-run.ts';
import type { CandidatePod } from './see-candidate.ts';
import type { ReadPodLog } from './service-log.ts';

export interface LoadTestWorld {
  store: EvidenceStore;
  /** Runs the script. */
  startK6: StartK6;
  /** URL of a target of the environment file. Throws when there is none of that name. */
  resolveTarget: (name: string) => string;
  /** Every pod that runs and may serve, whatever version it is of. */
  listPods: (target: DeploymentTarget) => Promise<readonly CandidatePod[]>;
  pprofPort: number;
  metricsPort: number;
  /** Address of a database of the environment file. Throws when there is none of that name. */
  databaseUrl?: (name: string) => Promise<string>;
  /** What a pod has logged, for slow statements that the database does not tell. Left out where the cluster's logs may not be read. */
  readPodLog?: ReadPodLog;
  /** Between the two goroutine profiles; 10 s by default, which tells blocked from busy. Tests have less patience. */
  goroutineGapMs?: number;
}

export interface RunControl {
  signal: AbortSignal;
  heartbeat: (progress: ActivityProgress) => void;
  /** From 1. */
  attempt: number;
}
