// Checks everything that later steps need, changes nothing, and stores every answer.
import type { PreflightAnswer } from '../../analysis/preflight/answers.ts';
import { judgePreflight, preflightFact } from '../../analysis/preflight/judge.ts';
import type { Environment } from '../../release/environment.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { storeOrReport } from '../evidence/store-or-report.ts';
import { healthUrl } from '../health.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import { readDeploymentPods, type DeploymentPods } from '../kubernetes/pods.ts';
import { createPrometheusClient } from '../prometheus/client.ts';
import { prometheusUrl } from '../prometheus/url.ts';
import { timedOut } from '../reason-of.ts';
import { runningActivity, type RunningActivity } from '../running-activity.ts';
import type { PreflightInput, StepActivities, StepReport } from '../steps-contract.ts';
import { within } from '../within.ts';
import { checksOf, type Check } from './checks.ts';
import { withoutPeriod } from './evidence-space.ts';
import type { CheckDependencies } from './dependencies.ts';

/** Three sequential requests of 3 s; below the heartbeat timeout of 15 s, as each finished check is a heartbeat. */
const CHECK_TIMEOUT_MS = 10_000;
/** The answers are some kB. Together with a check still below the heartbeat timeout. */
const STORE_TIMEOUT_MS = 3_000;

export interface PreflightDependencies {
  store: EvidenceStore;
  environment: Environment;
  clients: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
  checkTimeoutMs?: number;
}

/** The activity of the step `preflight`. */
export function createPreflightActivities(dependencies: PreflightDependencies): Pick<StepActivities, 'runPreflight'> {
  const { activity = runningActivity } = dependencies;
  return { runPreflight: (input) => runPreflight(dependencies, input, activity()) };
}

/**
 * Runs all checks in parallel, one finding each. A check that cannot run is inconclusive with its reason and does not stop the others. When the
 * evidence cannot be stored, the findings have none and the check of the evidence space fails.
 */
async function runPreflight(
  dependencies: PreflightDependencies,
  input: PreflightInput,
  { heartbeat, signal }: RunningActivity,
): Promise<StepReport> {
  const asked = checksOf(input);
  const { checkTimeoutMs = CHECK_TIMEOUT_MS } = dependencies;
  const over = new AbortController();
  const reads = checkDependencies(dependencies, input, AbortSignal.any([signal, over.signal]));
  let done = 0;
  const report = (text: string): void => heartbeat({ text, done, total: asked.length, unit: 'checks' });
  report('running all checks');
  const answers = await Promise.all(
    asked.map(async (check) => {
      const answer = await answerOf(check, reads, checkTimeoutMs);
      done += 1;
      report(check.title);
      return answer;
    }),
  ).finally(() => over.abort());
  signal.throwIfAborted();
  const stored = await storeAnswers(dependencies.store, input, answers);
  const findings = judgePreflight(
    stored.answers,
    stored.evidence.map(({ digest }) => digest),
  );
  return { findings, facts: [preflightFact(stored.answers, findings)], evidence: stored.evidence };
}

/** A bug, or a check that never returns (a hung disk), becomes the trouble of its check and does not pass. */
async function answerOf({ title, needs, run }: Check, dependencies: CheckDependencies, timeoutMs: number): Promise<PreflightAnswer> {
  const answered = run(dependencies).then(
    (facts) => ({ facts, trouble: null }),
    (error: unknown) => ({ facts: null, trouble: error instanceof Error ? error.message : String(error) }),
  );
  const late = { facts: null, trouble: timedOut(timeoutMs) };
  return { title, needs, ...(await within(timeoutMs, answered, late, dependencies.signal)) } as PreflightAnswer;
}

/** Stores the answers. A failure becomes the fact of `evidence space`: the disk may be full since that check. */
async function storeAnswers(
  store: EvidenceStore,
  input: PreflightInput,
  answers: PreflightAnswer[],
): Promise<{ answers: PreflightAnswer[]; evidence: EvidenceRef[] }> {
  const { namespace, deployment, cluster } = input.production;
  const source = `preflight of ${namespace}/${deployment} in cluster ${cluster}`;
  const bytes = new TextEncoder().encode(JSON.stringify({ input, answers }));
  const description = { kind: 'preflight-answers', mediaType: 'application/json', source } as const;
  const kept = await storeOrReport(store, description, bytes, STORE_TIMEOUT_MS);
  if ('ref' in kept) return { answers, evidence: [kept.ref] };
  const facts = { refusal: withoutPeriod(kept.notKept) };
  const refused = (answer: PreflightAnswer): PreflightAnswer =>
    answer.title === 'evidence space' ? { ...answer, facts, trouble: null } : answer;
  return { answers: answers.map(refused), evidence: [] };
}

function checkDependencies(
  { store, environment, clients }: PreflightDependencies,
  input: PreflightInput,
  signal: AbortSignal,
): CheckDependencies {
  return {
    input,
    signal,
    store,
    client: clients,
    production: once(async () => readDeploymentPods(clients(input.production.cluster), input.production)),
    staging: once(async () => {
      if (input.staging === null) throw new Error('the plan has no load test, so it has no staging Deployment');
      return readDeploymentPods(clients(input.staging.cluster), input.staging);
    }),
    prometheus: () => createPrometheusClient({ url: prometheusUrl(environment, input.production.cluster), signal }),
    readsPodLogs: input.staging !== null && environment.spec.clusters[input.staging.cluster]?.podLogs === true,
    healthUrl: () => healthUrl(environment, input.healthTarget, input.healthPath),
  };
}

function once(read: () => Promise<DeploymentPods>): () => Promise<DeploymentPods> {
  let reading: Promise<DeploymentPods> | undefined;
  return () => (reading ??= read());
}
