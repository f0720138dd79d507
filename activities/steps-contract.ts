// The long pieces of work behind the steps. Each answers findings made by a pure judge of analysis/ from evidence it stored.
import type { GuardOutcome } from '../analysis/guard/outcome.ts';
import type { OldTraffic } from '../analysis/guard/sample.ts';
import type { GuardTally } from '../analysis/guard/guard-tally.ts';
import type { DiagnosisStep, LoadTestStep, GuardStep, PreflightStep } from '../release/steps/registry.ts';
import type { EvidenceRef, Fact, Finding } from '../verdict/finding.ts';
import type { DeploymentTarget } from './kubernetes/contract.ts';

/** What one activity of a step learnt. */
export interface StepReport {
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
  /** Load test only: digests of the candidate's pods that were under load, sorted and unique; empty when they are not known. */
  imageIds?: string[];
}

export interface PreflightInput {
  step: PreflightStep;
  /** Only the half that is asked again right before the launch: what may have changed since, in about a second. */
  quick: boolean;
  /** Who asks: `<workflow id>/<first run id>`. An open launch of this countdown is its own. */
  countdown: string;
  /** Where the candidate will be launched. */
  production: DeploymentTarget;
  /** Where the candidate runs for the load test; null when the plan has no load test. */
  staging: DeploymentTarget | null;
  image: string;
  healthTarget: string;
  healthPath: string;
  /** Limits the guard will need series for; null when the plan has no guard. */
  guard: GuardStep | null;
}

export interface LoadTestInput {
  step: LoadTestStep;
  staging: DeploymentTarget;
  image: string;
  /** Digest of the k6 script in the evidence store. */
  scriptDigest: string;
  /** Run id: the same for every retry of this activity, so a retry never counts half of another run. */
  runId: string;
}

export interface DiagnosisStepInput {
  step: DiagnosisStep;
  /** As its traces name it. */
  service: string;
  /** Whose last good release it is compared with. */
  production: DeploymentTarget;
  /** What the load tests before it in the checkpoint found, and the evidence they left. */
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
  /** Where an earlier activity of the same watch stopped; null: from the beginning. */
  carry: GuardCarry | null;
  /** People have been notified of the present blindness: `blind` is not reported again for it. */
  blindTold: boolean;
}

/** A watch up to its last stored sample. Below 256 kB for 100 pods: it is the details of each heartbeat, and travels to the next activity. */
export interface GuardCarry {
  tally: GuardTally;
  /** The stored samples, in order. */
  parts: EvidenceRef[];
  oldTraffic: OldTraffic | null;
}

export interface GuardReport extends StepReport {
  outcome: GuardOutcome;
  carry: GuardCarry;
  /** How long nothing has been seen, ms; 0 when the last sample saw. */
  blindMs: number;
  /** RFC 3339: the sample of the breach. */
  failedAt?: string;
}

export type { GuardOutcome };

export interface StepActivities {
  runPreflight(input: PreflightInput): Promise<StepReport>;
  runLoadTest(input: LoadTestInput): Promise<StepReport & { imageIds?: string[] }>;
  /** Reads what the load tests left, asks database and traces for the same time, and names the cause. Changes nothing. */
  runDiagnosis(input: DiagnosisStepInput): Promise<StepReport>;
  /**
   * Watches until the bake has passed, a breach is certain, or the longest watch is over; reports also when data stop and when they are back.
   * Heartbeats from a timer, with the carry as details. Never passes without data, traffic and stored evidence.
   */
  runGuard(input: GuardInput): Promise<GuardReport>;
}
