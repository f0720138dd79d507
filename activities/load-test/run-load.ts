// A load test: k6 drives the candidate, its points stream into evidence and into the live counts at once; a broken limit calls for profiles,
// a hopeless run is stopped, and the verdict is made from the evidence as it was stored.
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, pipeline } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { loadFacts } from '../../analysis/load-test/facts.ts';
import { breaches, requestsStillToCome } from '../../analysis/load-test/hopeless.ts';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import { offeredIterations, plannedSeconds } from '../../analysis/load-test/plan.ts';
import { GRACEFUL_STOP_SECONDS, runLine, type LoadPlan } from '../../analysis/load-test/run-record.ts';
import { createLoadAccumulator, summarizeLoad, type LoadAccumulator } from '../../analysis/load-test/summary.ts';
import { judgeRuntime } from '../../analysis/runtime/judge.ts';
import { summarizeRuntime } from '../../analysis/runtime/summary.ts';
import type { RuntimeSample } from '../../analysis/runtime/sample.ts';
import { durationMs } from '../../release/duration.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { ActivityProgress, DeploymentTarget } from '../kubernetes/contract.ts';
import { failpoint } from '../failpoint.ts';
import { watchDatabase } from '../postgres/watch-database.ts';
import { GOROUTINE_GAP_MS } from '../profiles/capture.ts';
import type { LoadTestInput, StepReport } from '../steps-contract.ts';
import { startK6, type K6Process } from './k6-process.ts';
import { writeK6Script } from './k6-script.ts';
import { deliveryMeter } from './delivery-meter.ts';
import { profilePods } from './profile-pods.ts';
import { seeCandidate, type CandidatePod, type SeenCandidate } from './see-candidate.ts';
import { startRuntimeSampler } from './runtime-sampler.ts';
import { serviceLogOf, type ReadPodLog } from './service-log.ts';
import { planOf } from './step-plan.ts';

export interface LoadTestWorld {
  store: EvidenceStore;
  /** k6's path, or `k6` to find it on PATH. */
  k6Path: string;
  /** URL of a target of the environment file. Throws with a sentence when there is none of that name. */
  resolveTarget: (name: string) => string;
  /** Every pod that runs and may serve, whatever version it is of. */
  listPods: (target: DeploymentTarget) => Promise<readonly CandidatePod[]>;
  pprofPort: number;
  metricsPort: number;
  /** Address of a database of the environment file. Throws with a sentence when there is none of that name. */
  databaseUrl?: (name: string) => Promise<string>;
  /** What a pod has logged, for slow statements that the database does not tell. Left out where the cluster's logs may not be read. */
  readPodLog?: ReadPodLog;
  /** Scripts are written below it while they run. */
  workFolder: string;
  /** Between the two goroutine profiles; 10 s by default, which tells blocked from busy. Tests have less patience. */
  goroutineGapMs?: number;
}

export interface RunControl {
  signal: AbortSignal;
  heartbeat: (progress: ActivityProgress) => void;
  /** From 1. */
  attempt: number;
}

/** Often enough for a heartbeat timeout of 15 s, and for people who watch. */
const HEARTBEAT_EVERY_MS = 2_000;
/** A breach is seen within this; looking takes about 0.1 ms per endpoint. */
const LOOK_EVERY_MS = 500;
/** After the load has ended a profile shows an idle service; this much is left for one that is nearly done, within the 5 s to the verdict. */
const PROFILES_GRACE_MS = 3_000;
/**
 * The load goes on for the profiles of a hopeless run, which show nothing without it: for the CPU profile, or the two goroutine profiles if
 * these are further apart, and this much for the rest: on a node without a free processor profiles of 10 s took 13.5. A service that is
 * too busy to give them does not keep the run going.
 */
const PROFILES_REST_MS = 5_000;
/** k6 may need this to load its script and make its virtual users. A k6 that runs longer than plan, grace and this hangs and is ended. */
const START_UP_MS = 60_000;
/** Late enough for a warm service, early enough for profiles of 20 s to end before a load of 30 s does. */
const PROFILES_AT_SHARE = 1 / 3;

const FOLDER_PREFIX = 'load-';
/** A countdown's longest step is shorter than this. */
const ABANDONED_AFTER_MS = 7 * 86_400_000;

/** Runs one load test from nothing; a retry is a new run with evidence of its own. Rejects with the signal's reason when cancelled, leaving no process and no half evidence. */
export async function runLoad(input: LoadTestInput, world: LoadTestWorld, control: RunControl): Promise<StepReport> {
  const plan = planOf(input.step);
  const targetUrl = world.resolveTarget(input.step.target);
  const databaseUrl = await databaseUrlOf(input, world);
  const script = await readWhole(world.store, input.scriptDigest);
  await mkdir(world.workFolder, { recursive: true });
  await sweep(world.workFolder);
  const folder = await mkdtemp(join(world.workFolder, FOLDER_PREFIX));
  try {
    const wrapper = await writeK6Script(folder, script, plan.stages, input.step.maxVus);
    const candidate = await seeCandidate(() => world.listPods(input.staging));
    control.signal.throwIfAborted();
    const k6 = startK6({ k6Path: world.k6Path, script: wrapper, folder, targetUrl });
    try {
      return await follow(k6, plan, candidate, databaseUrl, input, world, control);
    } finally {
      k6.kill();
      await k6.ended;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
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
    everyMs: durationMs(input.step.sampleEvery),
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

interface RunWatch {
  stopped(): 'hopeless' | null;
  /** Profiles taken, once all is settled. */
  finish(): Promise<{ evidence: EvidenceRef[]; facts: Fact[] }>;
  abandon(): void;
}

/** Heartbeats, profiles at the first breach, stop when hopeless, end on cancellation or when k6 hangs. */
function watchRun(
  k6: K6Process,
  live: LoadAccumulator,
  plan: LoadPlan,
  samples: readonly RuntimeSample[],
  input: LoadTestInput,
  world: LoadTestWorld,
  control: RunControl,
): RunWatch {
  const meter = deliveryMeter(plan.stages, live);
  const profilesEnd = new AbortController();
  let profiles: Promise<{ evidence: EvidenceRef[]; facts: Fact[] }> | null = null;
  let profilesDone = false;
  let profilesEnoughMs = Infinity;
  const profilesTakeMs = Math.max(durationMs(input.step.cpuProfile), world.goroutineGapMs ?? GOROUTINE_GAP_MS) + PROFILES_REST_MS;
  const profilesDueMs = performance.now() + plannedSeconds(plan.stages) * 1_000 * PROFILES_AT_SHARE;
  let stopped: 'hopeless' | null = null;

  const look = (): void => {
    if (stopped) return;
    meter.tick();
    const found = breaches(live.live(), plan.limits, stillToCome(live, plan));
    const due = input.step.profiles === 'always' && performance.now() >= profilesDueMs;
    if (found.length === 0 && !due) return;
    const why = found.length > 0 ? 'while a limit was broken' : 'in the middle of the run';
    if (profiles === null) {
      const begins = (): void => void (profilesEnoughMs = performance.now() + profilesTakeMs);
      begins();
      // Anew once the pods are known, for listing them may take seconds on a node without a free processor.
      profiles = profilePods(samples, input, world, { why, begins, signal: profilesEnd.signal }).finally(() => (profilesDone = true));
      // Told to whoever awaits finish(); until then it must not count as unhandled.
      profiles.catch(() => undefined);
    }
    if ((profilesDone || performance.now() >= profilesEnoughMs) && found.some((breach) => breach.hopeless)) {
      stopped = 'hopeless';
      void k6.stop();
    }
  };
  const beats = setInterval(() => {
    failpoint('load-test.running');
    control.heartbeat(meter.progress());
  }, HEARTBEAT_EVERY_MS);
  const looks = setInterval(look, LOOK_EVERY_MS);
  const hangsAfterMs = (plannedSeconds(plan.stages) + GRACEFUL_STOP_SECONDS) * 1_000 + START_UP_MS;
  const hangs = setTimeout(() => k6.kill(), hangsAfterMs);
  control.signal.addEventListener('abort', k6.kill);
  control.heartbeat(meter.progress());
  void k6.ended.then(() => {
    clearInterval(looks);
    clearTimeout(hangs);
  });

  return {
    stopped: () => stopped,
    async finish() {
      const grace = setTimeout(() => profilesEnd.abort(), PROFILES_GRACE_MS);
      const taken = await (profiles ?? { evidence: [], facts: [] });
      clearTimeout(grace);
      return taken;
    },
    abandon() {
      clearInterval(beats);
      clearInterval(looks);
      clearTimeout(hangs);
      control.signal.removeEventListener('abort', k6.kill);
      profilesEnd.abort();
    },
  };
}

/** The most requests the plan still holds: those of the iterations that neither ended nor were dropped. */
function stillToCome(live: LoadAccumulator, { stages }: LoadPlan): number {
  return requestsStillToCome(Math.ceil(offeredIterations(stages)) - live.iterations - live.dropped, live);
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

/** Removes what a killed worker left. Another one may be running beside this, so only folders older than any load test go. */
async function sweep(workFolder: string): Promise<void> {
  for (const name of await readdir(workFolder)) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const path = join(workFolder, name);
    // Another worker may sweep, or end its run, at the same moment.
    const found = await stat(path).catch(() => null);
    if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

async function readWhole(store: EvidenceStore, digest: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
