// The long activities of the steps. Each returns findings that a pure judge of analysis/ made from stored evidence.
import type { GuardOutcome } from '../analysis/guard/outcome.ts';
import type { OldTraffic } from '../analysis/guard/sample.ts';
import type { GuardTally } from '../analysis/guard/guard-tally.ts';
import type { DiagnosisStep, LoadTestStep, GuardStep, PreflightStep } from '../release/steps/registry.ts';
import type { EvidenceRef, Fact, Finding } from '../verdict/finding.ts';
import type { DeploymentTarget } from './kubernetes/contract.ts';

/** Result of one activity of a step. */
export interface StepReport {
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
  /** Load test only: image digests of the pods under load, sorted and unique; empty when unknown. */
  imageIds?: string[];
}

export interface PreflightInput {
  step: PreflightStep;
  /** Only the checks that are repeated right before the launch, in about a second. */
  quick: boolean;
  /** `<workflow id>/<first run id>`: an open launch of this countdown is its own. */
  countdown: string;
  /** Where the candidate will be launched. */
  production: DeploymentTarget;
  /** Where the candidate runs for the load test; null when the plan has no load test. */
  staging: DeploymentTarget | null;
  image: string;
  healthTarget: string;
  healthPath: string;
  /** The guard needs Prometheus series for its limits; null when the plan has no guard. */
  guard: GuardStep | null;
}

export interface LoadTestInput {
  step: LoadTestStep;
  staging: DeploymentTarget;
  image: string;
  /** Digest of the k6 script in the evidence store. */
  scriptDigest: string;
  /** The same for every retry of this activity. */
  runId: string;
}

export interface DiagnosisStepInput {
  step: DiagnosisStep;
  /** Service name in its traces. */
  service: string;
  /** Deployment whose last good release is compared. */
  production: DeploymentTarget;
  /** Findings and evidence of the load tests before it in the checkpoint. */
  loadTests: { step: LoadTestStep; findings: Finding[]; evidence: EvidenceRef[] }[];
}

export interface GuardInput {
  step: GuardStep;
  production: DeploymentTarget;
  image: string;
  healthTarget: string;
  healthPath: string;
  /** RFC 3339 of the launch's write: the old version's request rate is read before it. */
  launchedAt: string | null;
  /** State of an earlier activity of the same watch; null: a new watch. */
  carry: GuardCarry | null;
  /** People have been notified of the current blindness: `blind` is not reported again for it. */
  blindReported: boolean;
}

/** A watch up to its last stored sample. Below 256 kB for 100 pods: it is in the details of each heartbeat and the input of the next activity. */
export interface GuardCarry {
  tally: GuardTally;
  /** The stored samples, in order. */
  parts: EvidenceRef[];
  oldTraffic: OldTraffic | null;
}

export interface GuardReport extends StepReport {
  outcome: GuardOutcome;
  carry: GuardCarry;
  /** Time without a complete sample, ms; 0 when the last one was complete. */
  blindMs: number;
  /** RFC 3339: the sample of the breach. */
  failedAt?: string;
}

export type { GuardOutcome };

export interface StepActivities {
  runPreflight(input: PreflightInput): Promise<StepReport>;
  runLoadTest(input: LoadTestInput): Promise<StepReport & { imageIds?: string[] }>;
  /** Reads the evidence of the load tests, queries database and traces for the same time, and reports the cause. Changes nothing. */
  runDiagnosis(input: DiagnosisStepInput): Promise<StepReport>;
  /**
   * Watches until the bake has passed, a breach is certain, or `maxBake` is over; also reports when data stop and when they return.
   * Heartbeats the carry. Never passes without data, traffic and stored evidence.
   */
  runGuard(input: GuardInput): Promise<GuardReport>;
}
