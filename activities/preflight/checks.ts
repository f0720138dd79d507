// The preflight checks. A new check is one more object here and a judge in analysis/preflight.
import type { CheckTitle, PreflightFacts } from '../../analysis/preflight/answers.ts';
import { askHealth } from '../health.ts';
import { ApiFailure } from '../kubernetes/api-failure.ts';
import type { Answer } from '../prometheus/client.ts';
import { podValues } from '../prometheus/pod-values.ts';
import { queries, SETTLED_AFTER_S, type PodSeries } from '../prometheus/queries.ts';
import type { PreflightInput } from '../steps-contract.ts';
import { dryRun } from './dry-run.ts';
import { evidenceSpace } from './evidence-space.ts';
import { lastLaunch } from './last-launch.ts';
import { nodeImages } from './node-images.ts';
import { rights } from './rights.ts';
import type { CheckDependencies } from './dependencies.ts';

export interface Check<Title extends CheckTitle = CheckTitle> {
  title: Title;
  /** What depends on it. */
  needs: string;
  /** Repeated right before the launch: its result may have changed, and launch or rollback would fail on it. */
  quick: boolean;
  /** False when nothing in the plan needs it. Default: true. */
  asked?(input: PreflightInput): boolean;
  /** Reads the facts. Throws when that fails; the message becomes the trouble. */
  run(dependencies: CheckDependencies): Promise<PreflightFacts[Title]>;
}

const check = <Title extends CheckTitle>(one: Check<Title>): Check => one as unknown as Check;

const checks: readonly Check[] = [
  check({
    title: 'cluster',
    needs: 'every later step reads or writes the cluster',
    quick: true,
    run: async ({ production }) => {
      try {
        await production();
        return { deploymentFound: true };
      } catch (error) {
        if (error instanceof ApiFailure && error.status === 404) return { deploymentFound: false };
        throw error;
      }
    },
  }),
  check({
    title: 'rights',
    needs: 'a missing permission stops the launch half-way',
    quick: true,
    run: rights,
  }),
  check({
    title: 'deployment healthy',
    needs: 'a rollback restores the version that runs now',
    quick: true,
    run: async ({ production }) => {
      const { metadata, spec, status = {} } = (await production()).deployment;
      return {
        wanted: spec.replicas ?? 1,
        replicas: status.replicas ?? 0,
        updated: status.updatedReplicas ?? 0,
        ready: status.readyReplicas ?? 0,
        available: status.availableReplicas ?? 0,
        generation: metadata.generation ?? 0,
        observedGeneration: status.observedGeneration ?? 0,
      };
    },
  }),
  check({
    title: 'not paused',
    needs: 'a paused Deployment does not roll out',
    quick: true,
    run: async ({ production }) => ({ paused: (await production()).deployment.spec.paused ?? false }),
  }),
  check({
    title: 'progress deadline',
    needs: 'the launch is rolled back when Kubernetes reports a rollout without progress',
    quick: false,
    run: async ({ production }) => ({ seconds: (await production()).deployment.spec.progressDeadlineSeconds ?? null }),
  }),
  // The API server's default is 10.
  check({
    title: 'revision history',
    needs: 'a manual rollback (kubectl rollout undo) must be possible',
    quick: false,
    run: async ({ production }) => ({ limit: (await production()).deployment.spec.revisionHistoryLimit ?? 10 }),
  }),
  check({
    title: 'container',
    needs: 'the launch changes the image of this container',
    quick: true,
    run: async ({ production, input }) => ({
      container: input.production.container,
      containers: (await production()).deployment.spec.template.spec.containers.map(({ name }) => name),
    }),
  }),
  check({ title: 'dry run', needs: 'launch and rollback identify their own write by the pod template', quick: true, run: dryRun }),
  check({ title: 'image on nodes', needs: 'new pods start from this image', quick: false, run: nodeImages }),
  check({
    title: 'pod images',
    needs: 'a webhook that rewrites pod images must be found before the launch',
    quick: false,
    run: async ({ production }) => ({
      pods: (await production()).pods
        .filter(({ terminating }) => !terminating)
        .map(({ name, image, templateImage }) => ({ name, image, templateImage })),
    }),
  }),
  check({
    title: 'staging runs the candidate',
    needs: 'the load test measures the version in staging',
    quick: false,
    asked: ({ staging }) => staging !== null,
    run: async ({ staging, input }) => {
      const { deployment, pods: current, others } = await staging();
      const running = [...current, ...others].filter(({ terminating }) => !terminating);
      return {
        image: input.image,
        wanted: deployment.spec.replicas ?? 1,
        pods: running.map(({ name, image, templateImage, ready, imageId }) => ({ name, image, templateImage, ready, ids: imageId })),
      };
    },
  }),
  check({
    title: 'prometheus clock',
    needs: 'the guard compares timestamps of both clocks',
    quick: true,
    asked: ({ guard }) => guard !== null,
    run: async ({ prometheus, input }) => {
      const { theirsS, beforeMs, afterMs } = valueOf(await prometheus().clock());
      return {
        skewMs: theirsS * 1_000 - (beforeMs + afterMs) / 2,
        uncertaintyMs: (afterMs - beforeMs) / 2,
        maxSkewMs: input.step.maxClockSkewMs,
      };
    },
  }),
  check({
    title: 'scrape targets',
    needs: 'the guard needs one fresh scrape target per pod',
    quick: true,
    asked: ({ guard }) => guard !== null,
    run: async (dependencies) => {
      const { series, names, noDataAfterMs } = await seriesOf(dependencies);
      const [up, age] = await Promise.all([
        dependencies.prometheus().vector(queries.up(series)),
        dependencies.prometheus().vector(queries.ageS(series)),
      ]);
      return {
        query: queries.up(series),
        pods: names,
        maxAgeMs: noDataAfterMs,
        targets: podValues(valueOf(up)).map(({ pod, value }) => ({ pod, up: value })),
        ageS: podValues(valueOf(age)),
      };
    },
  }),
  check({
    title: 'request counters',
    needs: 'the guard counts requests and errors',
    quick: true,
    asked: ({ guard }) => guard !== null,
    run: async (dependencies) => {
      const { series, names } = await seriesOf(dependencies);
      const [query, codedQuery] = [queries.requests(series), queries.coded(series)];
      const prometheus = dependencies.prometheus();
      const timeS = valueOf(await prometheus.clock()).theirsS - SETTLED_AFTER_S;
      const [requests, coded] = await Promise.all([prometheus.vector(query, timeS), prometheus.vector(codedQuery, timeS)]);
      const all = podValues(valueOf(requests));
      const labelled = { query: codedQuery, requests: all, coded: podValues(valueOf(coded)) };
      return { query, pods: names, series: all.map(({ pod }) => pod), coded: labelled };
    },
  }),
  check({
    title: 'latency buckets',
    needs: 'the guard needs a bucket boundary at the p99 limit',
    quick: false,
    asked: ({ guard }) => guard !== null,
    run: async (dependencies) => {
      const { series, names } = await seriesOf(dependencies);
      const query = queries.within(series);
      return {
        query,
        pods: names,
        limitMs: series.limitMs,
        series: podValues(valueOf(await dependencies.prometheus().vector(query))).map(({ pod }) => pod),
      };
    },
  }),
  check({
    title: 'health',
    needs: 'it proves launch and rollback',
    quick: true,
    run: async ({ healthUrl, signal }) => {
      const { ok, detail } = await askHealth(healthUrl(), signal);
      return { url: healthUrl(), ok, detail };
    },
  }),
  check({ title: 'evidence space', needs: 'a verdict without evidence cannot be verified', quick: true, run: evidenceSpace }),
  check({
    title: 'last launch ended',
    needs: 'an unfinished launch would be recorded as the version to restore',
    quick: true,
    run: lastLaunch,
  }),
];

/** The checks of an input, in order. */
export const checksOf = (input: PreflightInput): Check[] =>
  checks.filter(({ quick, asked }) => (quick || !input.quick) && (asked?.(input) ?? true));

async function seriesOf({ production, input }: CheckDependencies): Promise<{ series: PodSeries; names: string[]; noDataAfterMs: number }> {
  const { guard } = input;
  if (guard === null) throw new Error('the plan has no guard, so it has no series');
  const { templateHash, pods: current } = await production();
  const series = {
    namespace: input.production.namespace,
    replicaSet: `${input.production.deployment}-${templateHash}`,
    metric: guard.metric,
    limitMs: guard.limits.p99Ms,
  };
  return {
    series,
    names: current.filter(({ terminating }) => !terminating).map(({ name }) => name),
    noDataAfterMs: guard.noDataAfterMs,
  };
}

function valueOf<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(answer.message);
  return answer.value;
}
