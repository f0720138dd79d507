// Asks everything that later steps will need, changes nothing, and records every answer.
import type { PreflightAnswer } from '../../analysis/preflight/answers.ts';
import { judgePreflight, preflightFact } from '../../analysis/preflight/judge.ts';
import type { Environment } from '../../release/environment.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { prometheusUrl } from '../guard/run-guard.ts';
import { healthUrl } from '../health.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import { readDeploymentPods, type DeploymentPods } from '../kubernetes/pods.ts';
import { createPrometheusClient } from '../prometheus/client.ts';
import { runningActivity, type RunningActivity } from '../running-activity.ts';
import type { PreflightInput, StepActivities, StepReport } from '../steps-contract.ts';
import { checks } from './checks.ts';
import type { PreflightWorld } from './world.ts';

export interface PreflightDependencies {
  store: EvidenceStore;
  environment: Environment;
  clients: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
}

export function createPreflightActivities(dependencies: PreflightDependencies): Pick<StepActivities, 'runPreflight'> {
  const { activity = runningActivity } = dependencies;
  return { runPreflight: (input) => runPreflight(dependencies, input, activity()) };
}

/** One finding per check. A check that could not be made is inconclusive with its reason; it never stops the others. */
async function runPreflight(
  dependencies: PreflightDependencies,
  input: PreflightInput,
  { heartbeat, signal }: RunningActivity,
): Promise<StepReport> {
  const world = worldOf(dependencies, input, signal);
  const asked = checks.filter((check) => check.asked?.(input) ?? true);
  const answers: PreflightAnswer[] = [];
  for (const { title, needs, run } of asked) {
    signal.throwIfAborted();
    heartbeat({ text: title, done: answers.length, total: asked.length, unit: 'checks' });
    answers.push(
      (await run(world).then(
        (facts) => ({ title, needs, facts, trouble: null }),
        (error: unknown) => ({ title, needs, facts: null, trouble: sentenceOf(error, signal) }),
      )) as PreflightAnswer,
    );
  }
  const evidence = await dependencies.store.put(
    {
      kind: 'preflight-answers',
      mediaType: 'application/json',
      source: `preflight of ${input.production.namespace}/${input.production.deployment} in cluster ${input.production.cluster}`,
    },
    new TextEncoder().encode(JSON.stringify({ input, answers })),
  );
  const findings = judgePreflight(answers, [evidence.digest]);
  return { findings, facts: [preflightFact(answers, findings)], evidence: [evidence] };
}

function worldOf({ environment, clients }: PreflightDependencies, input: PreflightInput, signal: AbortSignal): PreflightWorld {
  return {
    input,
    signal,
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

/** What kept a check from its facts; a bug shows here as well, and still is no pass. */
function sentenceOf(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  return error instanceof Error ? error.message : String(error);
}
