// A load test: k6 drives the candidate, its points stream into evidence and into the live counts at once; a broken limit calls for profiles,
// a hopeless run is stopped, and the verdict is made from the evidence as it was stored.
import { Readable, pipeline } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { candidateDigests } from '../../analysis/load-test/candidate.ts';
import { loadFacts } from '../../analysis/load-test/facts.ts';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import { runLine, type LoadPlan } from '../../analysis/load-test/run-record.ts';
import { createLoadAccumulator, summarizeLoad, type LoadAccumulator } from '../../analysis/load-test/summary.ts';
import { judgeRuntime } from '../../analysis/runtime/judge.ts';
import { summarizeRuntime } from '../../analysis/runtime/summary.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { watchDatabase } from '../postgres/watch-database.ts';
import type { LoadTestInput, StepReport } from '../steps-contract.ts';
import type { K6Process } from './k6-run.ts';
import { seeCandidate, type SeenCandidate } from './see-candidate.ts';
import { startRuntimeSampler } from './runtime-sampler.ts';
import { serviceLogOf } from './service-log.ts';
import { HEARTBEAT_EVERY_MS, watchRun, type RunWatch } from './watch-run.ts';
import type { LoadTestWorld, RunControl } from './world.ts';

/**
 * Runs one load test from nothing; a retry is a new run with evidence of its own. Rejects with the signal's reason when cancelled, leaving no process
 * and no half evidence.
 */
export async function runLoad(input: LoadTestInput, world: LoadTestWorld, control: RunControl): Promise<StepReport> {
  const plan = { stages: input.step.stages, limits: input.step.limits };
  const targetUrl = world.resolveTarget(input.step.target);
  const databaseUrl = await databaseUrlOf(input, world);
  const { k6, candidate } = await started(plan, targetUrl, input, world, control);
  try {
    control.signal.throwIfAborted();
    return await follow(k6, plan, candidate, databaseUrl, input, world, control);
  } finally {
    k6.kill();
    await k6.ended;
  }
}

/** Before the first request: the candidate is looked at, and k6 started. That may take longer than a heartbeat timeout. */
async function started(plan: LoadPlan, targetUrl: string, input: LoadTestInput, world: LoadTestWorld, { signal, heartbeat }: RunControl) {
  const beat = (): void => heartbeat({ text: 'starting the load', done: 0, total: 1, unit: 'k6' });
  const beats = setInterval(beat, HEARTBEAT_EVERY_MS);
  beat();
  try {
    const script = await bytesOf(world.store, input.scriptDigest);
    const candidate = await seeCandidate(() => world.listPods(input.staging));
    signal.throwIfAborted();
    const k6 = await orCancelled(world.startK6({ script, stages: plan.stages, maxVus: input.step.maxVus, targetUrl }), signal);
    return { k6, candidate };
  } finally {
    clearInterval(beats);
  }
}

/** Rejects with the signal's reason when cancelled; a k6 that starts after that is killed. */
async function orCancelled(starting: Promise<K6Process>, signal: AbortSignal): Promise<K6Process> {
  let cancel: () => void = () => undefined;
  const cancelled = new Promise<never>((_, reject) => {
    cancel = () => reject(signal.reason as Error);
    signal.addEventListener('abort', cancel, { once: true });
  });
  try {
    return await Promise.race([starting, cancelled]);
  } catch (error) {
    // Killed as soon as it is there; that it could not be started concerns nobody any more.
    starting.then(
      (k6) => k6.kill(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function follow(
  k6: K6Process,
  plan: LoadPlan,
  candidate: SeenCandidate,
  databaseUrl: string | null,
  input: LoadTestInput,
  world: LoadTestWorld,
  control: RunControl,
): Promise<StepReport> {
  const { store } = world;
  const source = `k6 against ${input.step.target}`;
  const live = createLoadAccumulator(plan.limits);
  const sampler = startRuntimeSampler({
    listPods: candidate.listPods,
    metricsPort: world.metricsPort,
    pprofPort: world.pprofPort,
    everyMs: input.step.sampleEveryMs,
  });
  const watch = watchRun(k6, live, plan, sampler.samples, input, world, control);
  const database =
    databaseUrl === null
      ? null
      : watchDatabase({ store, name: input.step.postgres ?? '', url: databaseUrl, serviceLog: serviceLogOf(input.staging, world) });
  try {
    // Level 1 packs k6's points 20 to 1 and leaves the CPU to the load.
    const packed = createGzip({ level: constants.Z_BEST_SPEED });
    // An error of either side is thrown to whoever reads `packed`: the store, which then keeps nothing.
    pipeline(Readable.from(recorded(k6, live, watch, plan, candidate, input, control), { objectMode: true }), packed, () => undefined);
    const points = await store.put({ kind: 'k6-points', mediaType: 'application/gzip', source }, packed as AsyncIterable<Uint8Array>);
    const [profiles, , seen] = await Promise.all([watch.finish(), sampler.finish(), database?.finish()]);
    const runtime = await storeSamples(store, sampler.samples, input);
    const summary = await summarizeLoad(store.get(points.digest), plan.limits);
    control.signal.throwIfAborted();
    return {
      findings: [
        ...judgeLoad(summary, plan.limits, plan.stages, [points.digest]),
        ...judgeRuntime(sampler.samples, { p99LimitMs: plan.limits.p99Ms, evidence: [runtime.digest] }),
      ],
      facts: [
        ...loadFacts(summary, plan.limits, plan.stages),
        ...summarizeRuntime(sampler.samples),
        ...profiles.facts,
        ...(seen?.facts ?? []),
      ],
      evidence: [points, runtime, ...profiles.evidence, ...(seen?.evidence ?? [])],
      imageIds: candidateDigests(summary.start, summary.end),
    };
  } finally {
    sampler.stop();
    database?.stop();
    watch.abandon();
  }
}

/** Address of the database to watch; null where the step watches none. */
async function databaseUrlOf({ step: { postgres } }: LoadTestInput, { databaseUrl }: LoadTestWorld): Promise<string | null> {
  return postgres === undefined || databaseUrl === undefined ? null : databaseUrl(postgres);
}

/** What is stored: our start, k6's bytes as they come, our end. Counts them on the way. */
async function* recorded(
  k6: K6Process,
  live: LoadAccumulator,
  watch: RunWatch,
  plan: LoadPlan,
  candidate: SeenCandidate,
  input: LoadTestInput,
  { signal, attempt }: RunControl,
): AsyncIterable<Uint8Array> {
  const { namespace, deployment } = input.staging;
  yield runLine('Run', {
    runId: input.runId,
    attempt,
    target: input.step.target,
    startedAt: new Date().toISOString(),
    plan,
    underLoad: { namespace, deployment },
    candidate: { image: input.image, ...candidate.before },
  });
  for await (const chunk of k6.points as AsyncIterable<Uint8Array>) {
    live.push(chunk);
    yield chunk;
  }
  const ended = await k6.ended;
  // A cancelled run must not become evidence.
  signal.throwIfAborted();
  const at = new Date().toISOString();
  const after = await candidate.after();
  signal.throwIfAborted();
  yield runLine('End', { at, ...ended, stopped: watch.stopped(), candidate: after });
}

function storeSamples(store: EvidenceStore, samples: readonly unknown[], input: LoadTestInput): Promise<EvidenceRef> {
  const { namespace, deployment } = input.staging;
  const lines = samples.map((sample) => `${JSON.stringify(sample)}\n`).join('');
  const description = {
    kind: 'runtime-samples',
    mediaType: 'application/x-ndjson',
    source: `deployment ${namespace}/${deployment}`,
  } as const;
  return store.put(description, new TextEncoder().encode(lines));
}
