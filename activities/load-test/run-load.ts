// A load test: k6's points stream into evidence and into live counts. A broken limit triggers profiles, a hopeless run is stopped, and the
// findings come from the stored evidence.
import { Readable, pipeline } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { candidateDigests } from '../../analysis/load-test/candidate.ts';
import { loadFacts } from '../../analysis/load-test/facts.ts';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import { runLine } from '../../analysis/load-test/run-record.ts';
import { createLoadAccumulator, summarizeLoad, type LoadAccumulator } from '../../analysis/load-test/summary.ts';
import { judgeRuntime } from '../../analysis/runtime/judge.ts';
import { summarizeRuntime } from '../../analysis/runtime/summary.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { watchDatabase } from '../postgres/watch-database.ts';
import type { LoadTestInput, StepReport } from '../steps-contract.ts';
import type { LoadRun, LoadTestDependencies, RunControl } from './dependencies.ts';
import type { K6Process } from './k6-run.ts';
import { seeCandidate } from './see-candidate.ts';
import { startRuntimeSampler } from './runtime-sampler.ts';
import { serviceLogOf } from './service-log.ts';
import { HEARTBEAT_EVERY_MS, watchRun, type RunWatch } from './watch-run.ts';
/**
 * Runs one load test; a retry is a new run with its own evidence. When cancelled, rejects with the signal's reason and leaves no process and no
 * partial evidence.
 */
export async function runLoad(input: LoadTestInput, dependencies: LoadTestDependencies, control: RunControl): Promise<StepReport> {
  const plan = { stages: input.step.stages, limits: input.step.limits };
  const targetUrl = dependencies.resolveTarget(input.step.target);
  const databaseUrl = await databaseUrlOf(input, dependencies);
  const run = await start({ plan, input, dependencies, control }, targetUrl);
  try {
    control.signal.throwIfAborted();
    return await follow(run, databaseUrl);
  } finally {
    run.k6.kill();
    await run.k6.ended;
  }
}

/** Samples the candidate and starts k6; heartbeats, because that may take longer than the heartbeat timeout. */
async function start(run: Omit<LoadRun, 'k6' | 'candidate'>, targetUrl: string): Promise<LoadRun> {
  const { plan, input, dependencies } = run;
  const { signal, heartbeat } = run.control;
  const beat = (): void => heartbeat({ text: 'starting the load', done: 0, total: 1, unit: 'k6' });
  const beats = setInterval(beat, HEARTBEAT_EVERY_MS);
  beat();
  try {
    const script = await bytesOf(dependencies.store, input.scriptDigest);
    const candidate = await seeCandidate(() => dependencies.listPods(input.staging));
    signal.throwIfAborted();
    const k6 = await orCancelled(dependencies.startK6({ script, stages: plan.stages, maxVus: input.step.maxVus, targetUrl }), signal);
    return { ...run, k6, candidate };
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
    // Killed as soon as it has started; a failed start no longer matters.
    starting.then(
      (k6) => k6.kill(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function follow(run: LoadRun, databaseUrl: string | null): Promise<StepReport> {
  const { plan, candidate, input, dependencies, control } = run;
  const { store } = dependencies;
  const source = `k6 against ${input.step.target}`;
  const live = createLoadAccumulator(plan.limits);
  const sampler = startRuntimeSampler({
    listPods: candidate.listPods,
    metricsPort: dependencies.metricsPort,
    pprofPort: dependencies.pprofPort,
    everyMs: input.step.sampleEveryMs,
  });
  const watch = watchRun(run, live, sampler.samples);
  const database =
    databaseUrl === null
      ? null
      : watchDatabase({ store, name: input.step.postgres ?? '', url: databaseUrl, serviceLog: serviceLogOf(input.staging, dependencies) });
  try {
    // Level 1 compresses k6's points 20 to 1 and leaves the CPU to the load.
    const gzip = createGzip({ level: constants.Z_BEST_SPEED });
    // An error on either side reaches the reader of `gzip`, the store, which then stores nothing.
    pipeline(Readable.from(recorded(run, live, watch), { objectMode: true }), gzip, () => undefined);
    const points = await store.put({ kind: 'k6-points', mediaType: 'application/gzip', source }, gzip as AsyncIterable<Uint8Array>);
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

/** URL of the database to watch; null when the step watches none. */
async function databaseUrlOf({ step: { postgres } }: LoadTestInput, { databaseUrl }: LoadTestDependencies): Promise<string | null> {
  return postgres === undefined || databaseUrl === undefined ? null : databaseUrl(postgres);
}

/** The stored bytes: a start line, k6's output, an end line. Counts the points. */
async function* recorded(
  { k6, plan, candidate, input, control: { signal, attempt } }: LoadRun,
  live: LoadAccumulator,
  watch: RunWatch,
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
