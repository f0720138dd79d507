// The long pieces of work behind the steps. Each answers findings made by a pure judge of analysis/ from evidence it stored.
import type { AnalysisStep, LoadTestStep, GuardStep, PreflightStep } from '../release/steps/registry.ts';
import type { EvidenceRef, Fact, Finding } from '../verdict/finding.ts';
import type { DeploymentTarget } from './kubernetes/contract.ts';

/** What one activity of a step learnt. */
export interface StepReport {
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
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

export interface AnalysisInput {
  step: AnalysisStep;
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
  launchedAt: string | null;
  carry: GuardCarry | null;
  blindTold: boolean;
}

export type GuardCarry = { tally: unknown };
export type GuardOutcome = 'passed' | 'breach' | 'blind' | 'sees' | 'undecided';

export interface GuardReport extends StepReport {
  outcome: GuardOutcome;
  carry: GuardCarry;
  blindMs: number;
  failedAt?: string;
}

export interface StepActivities {
  runPreflight(input: PreflightInput): Promise<StepReport>;
  runLoadTest(input: LoadTestInput): Promise<StepReport & { imageIds?: string[] }>;
  /** Reads what the load tests left, asks database and traces for the same time, and names the cause. Changes nothing. */
  runAnalysis(input: AnalysisInput): Promise<StepReport>;
  /** Watches until bake time is over, a breach is certain, or data stops. Never passes without data. */
  runGuard(input: GuardInput): Promise<GuardReport>;
}
