// What a load test gets from outside, and one run of it.
import type { LoadPlan } from '../../analysis/load-test/run-record.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import type { ActivityProgress } from '../running-activity.ts';
import type { LoadTestInput } from '../steps-contract.ts';
import type { K6Process, StartK6 } from './k6-run.ts';
import type { CandidatePod, SeenCandidate } from './see-candidate.ts';
import type { ReadPodLog } from './service-log.ts';

/** For load tests in one cluster. */
export interface LoadTestDependencies {
  store: EvidenceStore;
  startK6: StartK6;
  /** URL of a target in the environment file. Throws when it has none of that name. */
  resolveTarget: (name: string) => string;
  /** Every running pod that may serve, of any version. */
  listPods: (target: DeploymentTarget) => Promise<readonly CandidatePod[]>;
  pprofPort: number;
  metricsPort: number;
  /** URL of a database in the environment file. Throws when it has none of that name. */
  databaseUrl?: (name: string) => Promise<string>;
  /** For slow statements that the database does not report. Absent when the cluster's logs must not be read. */
  readPodLog?: ReadPodLog;
  /** Between the two goroutine profiles. Default: 10 s, long enough to distinguish blocked from busy. Tests use less. */
  goroutineGapMs?: number;
}

export interface RunControl {
  signal: AbortSignal;
  heartbeat: (progress: ActivityProgress) => void;
  /** From 1. */
  attempt: number;
}

/** A load test while k6 runs. */
export interface LoadRun {
  k6: K6Process;
  plan: LoadPlan;
  candidate: SeenCandidate;
  input: LoadTestInput;
  dependencies: LoadTestDependencies;
  control: RunControl;
}
