// Asks everything that later steps will need, changes nothing, and records every answer.
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
import { runningActivity, type RunningActivity } from '../running-activity.ts';
import type { PreflightInput, StepActivities, StepReport } from '../steps-contract.ts';
import { within } from '../within.ts';
import { checksOf, type Check } from './checks.ts';
import { withoutPeriod } from './evidence-space.ts';
import type { PreflightWorld } from './world.ts';

/** Three requests of 3 s one after the other. Under the heartbeat timeout of 15 s: each check that ends is a heartbeat. */
const CHECK_TIMEOUT_MS = 10_000;
/** The answers are some kB. With the time of a check still under the heartbeat timeout. */
const STORE_TIMEOUT_MS = 3_000;

export interface PreflightDependencies {
  store: EvidenceStore;
  environment: Environment;
  clients: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
  checkTimeoutMs?: number;
}

/** Makes the activity of the step `preflight`. */
export function createPreflightActivities(dependencies: PreflightDependencies): Pick<StepActivities, 'runPreflight'> {
  const { activity = runningActivity } = dependencies;
  return { runPreflight: (input) => runPreflight(dependencies, input, activity()) };
}

/**
 * One finding per check of the asked half, all at the same time. A check that could not be made is inconclusive with its reason; it never stops
 * the others. Where the evidence cannot be stored, the findings come without it, and the evidence space is one that failed.
 */
async function runPreflight(
  dependencies: PreflightDependencies,
  input: PreflightInput,
  { heartbeat, signal }: RunningActivity,
): Promise<StepReport> {
  const asked = checksOf(input);
  const { checkTimeoutMs = CHECK_TIMEOUT_MS } = dependencies;
  const over = new AbortController();
  const world = worldOf(dependencies, input, AbortSignal.any([signal, over.signal]));
  let done = 0;
  const report = (text: string): void => heartbeat({ text, done, total: asked.length, unit: 'checks' });
  report('all checks at once');
  const answers = await Promise.all(
    asked.map(async (check) => {
      const answer = await answerOf(check, world, checkTimeoutMs);
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

/** Also a bug shows here as the trouble of its check, and still is no pass; so does a check that never returns, such as one on a hung disk. */
async function answerOf({ title, needs, run }: Check, world: PreflightWorld, timeoutMs: number): Promise<PreflightAnswer> {
  const answered = run(world).then(
    (facts) => ({ facts, trouble: null }),
    (error: unknown) => ({ facts: null, trouble: error instanceof Error ? error.message : String(error) }),
  );
  const late = { facts: null, trouble: `no answer within ${timeoutMs / 1_000} s` };
  return { title, needs, ...(await within(timeoutMs, answered, late, world.signal)) } as PreflightAnswer;
}

/** The answers as evidence; as facts of the evidence space when they cannot be stored: the disk may have become full since that check. */
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

function worldOf({ store, environment, clients }: PreflightDependencies, input: PreflightInput, signal: AbortSignal): PreflightWorld {
  return {
    input,
    signal,
    store,
    client: clients,
    production: once(async () => readDeploymentPods(clients(input.production.cluster), input.production)),
    staging: once(async () => {
      if (input.staging === null) throw new Error('the plan has no load test, so no staging');
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
