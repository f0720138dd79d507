// The checks, each an object with its title, what needs it, whether it belongs to the quick half, and how it is asked. A new check is one more
// object here and a judge in analysis/preflight.
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
import type { PreflightWorld } from './world.ts';

export interface Check<Title extends CheckTitle = CheckTitle> {
  title: Title;
  needs: string;
  /** Asked again right before the launch: what may have changed in the hours since, and what the launch or its rollback would fail on. */
  quick: boolean;
  /** False when the plan has nothing that needs it. */
  asked?(input: PreflightInput): boolean;
  /** The facts. Throws when they cannot be read; the message becomes the trouble. */
  run(world: PreflightWorld): Promise<PreflightFacts[Title]>;
}

const check = <Title extends CheckTitle>(one: Check<Title>): Check => one as unknown as Check;

const checks: readonly Check[] = [
  check({
    title: 'cluster',
    needs: 'every later step reads or writes there',
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
    needs: 'a right that is missing at the launch stops it half-way',
    quick: true,
    run: rights,
  }),
  check({
    title: 'deployment healthy',
    needs: 'a rollback goes back to the version that runs now',
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
    needs: 'the launch is rolled back when Kubernetes reports that the rollout makes no progress',
    quick: false,
    run: async ({ production }) => ({ seconds: (await production()).deployment.spec.progressDeadlineSeconds ?? null }),
  }),
  // The API server fills in 10 where the file says nothing.
  check({
    title: 'revision history',
    needs: 'a person must be able to undo by hand as well',
    quick: false,
    run: async ({ production }) => ({ limit: (await production()).deployment.spec.revisionHistoryLimit ?? 10 }),
  }),
  check({
    title: 'container',
    needs: 'the launch changes the image of exactly this container',
    quick: true,
    run: async ({ production, input }) => ({
      container: input.production.container,
      containers: (await production()).deployment.spec.template.spec.containers.map(({ name }) => name),
    }),
  }),
  check({ title: 'dry run', needs: 'launch and rollback recognise their own write by the pod template', quick: true, run: dryRun }),
  check({ title: 'image on nodes', needs: 'new pods start from it', quick: false, run: nodeImages }),
  check({
    title: 'pod images',
    needs: 'a webhook that rewrites the images of pods must be known before the launch meets it',
    quick: false,
    run: async ({ production }) => ({
      pods: (await production()).pods
        .filter(({ terminating }) => !terminating)
        .map(({ name, image, templateImage }) => ({ name, image, templateImage })),
    }),
  }),
  check({
    title: 'staging runs the candidate',
    needs: 'the load test measures what runs there',
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
    needs: 'the guard compares times of both clocks',
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
    needs: 'the guard trusts only pods that are scraped once, and freshly',
    quick: true,
    asked: ({ guard }) => guard !== null,
    run: async (world) => {
      const { series, names, noDataAfterMs } = await seriesOf(world);
      const [up, age] = await Promise.all([world.prometheus().vector(queries.up(series)), world.prometheus().vector(queries.ageS(series))]);
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
    run: async (world) => {
      const { series, names } = await seriesOf(world);
      const [query, codedQuery] = [queries.requests(series), queries.coded(series)];
      const prometheus = world.prometheus();
      const timeS = valueOf(await prometheus.clock()).theirsS - SETTLED_AFTER_S;
      const [requests, coded] = await Promise.all([prometheus.vector(query, timeS), prometheus.vector(codedQuery, timeS)]);
      const all = podValues(valueOf(requests));
      const labelled = { query: codedQuery, requests: all, coded: podValues(valueOf(coded)) };
      return { query, pods: names, series: all.map(({ pod }) => pod), coded: labelled };
    },
  }),
  check({
    title: 'latency buckets',
    needs: 'the guard counts requests slower than exactly the limit',
    quick: false,
    asked: ({ guard }) => guard !== null,
    run: async (world) => {
      const { series, names } = await seriesOf(world);
      const query = queries.within(series);
      return {
        query,
        pods: names,
        limitMs: series.limitMs,
        series: podValues(valueOf(await world.prometheus().vector(query))).map(({ pod }) => pod),
      };
    },
  }),
  check({
    title: 'health',
    needs: 'launch and rollback are proven by it',
    quick: true,
    run: async ({ healthUrl, signal }) => {
      const { ok, detail } = await askHealth(healthUrl(), signal);
      return { url: healthUrl(), ok, detail };
    },
  }),
  check({ title: 'evidence space', needs: 'a verdict without its evidence cannot be checked', quick: true, run: evidenceSpace }),
  check({
    title: 'last launch ended',
    needs: 'a launch without an end would be recorded as the version to go back to',
    quick: true,
    run: lastLaunch,
  }),
];

/** The checks of an input, in their order. */
export const checksOf = (input: PreflightInput): Check[] =>
  checks.filter(({ quick, asked }) => (quick || !input.quick) && (asked?.(input) ?? true));

async function seriesOf({ production, input }: PreflightWorld): Promise<{ series: PodSeries; names: string[]; noDataAfterMs: number }> {
  const { guard } = input;
  if (guard === null) throw new Error('asked for series although the plan has no guard');
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
  if (!answer.ok) throw new Error(answer.sentence);
  return answer.value;
}
