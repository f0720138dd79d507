// Samples the Go runtime of every pod every few seconds while the load runs.
import { readGcPauses, readRuntimeMetrics, type RuntimeSample } from '../../analysis/runtime/sample.ts';
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';
import { timedOut } from '../reason-of.ts';
import { within } from '../within.ts';

export interface SampledPod {
  name: string;
  ip: string;
}

export interface SamplerOptions {
  /** The current pods; they change under load. */
  listPods: () => Promise<readonly SampledPod[]>;
  metricsPort: number;
  pprofPort: number;
  everyMs: number;
  now?: () => Date;
  /** Of all samples together. */
  limitBytes?: number;
}

export interface RuntimeSampler {
  samples: RuntimeSample[];
  /** Samples once more and ends. Never rejects. */
  finish(): Promise<void>;
  stop(): void;
}

/** A pod too busy to respond in time is recorded as unread; the next round follows in a few seconds. */
const RESPONSE_TIMEOUT_MS = 2_000;
/** /metrics of a service has 10-500 kB, the heap page 1 MB at most. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/**
 * Its reader accepts 128 MB (analysis/json-lines.ts); in memory it takes up to 2.7 times as much (measured). A sample has 0.6 kB plus 32 bytes per
 * pause: at 10 collections/s and 5 s per round, 50 pods fill half of it, where rounds get rarer, in 24 minutes, and 3 pods in 6 hours.
 */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** More pods take turns: a round reads up to 100 pages of 1 MB while the load runs. */
const PODS_PER_ROUND = 50;

/** Samples all pods until `finish`. Rounds get rarer as the record fills, so that a long run is sampled to its end. */
export function startRuntimeSampler({
  listPods,
  metricsPort,
  pprofPort,
  everyMs,
  now = () => new Date(),
  limitBytes = MAX_RECORD_BYTES,
}: SamplerOptions): RuntimeSampler {
  const samples: RuntimeSample[] = [];
  /** Ends of the pauses that each pod reported last: Go reports the last 256 each time, and each is stored once. */
  const reportedPauses: ReportedPauses = new Map();
  const ports = { metricsPort, pprofPort };
  const startedMs = performance.now();
  let recordBytes = 0;
  let rounds = 0;
  let dueMs = startedMs;
  let turn = 0;
  let sampling: Promise<void> | null = null;
  // A round that takes longer than the interval replaces the next one.
  const sample = (): Promise<void> => (sampling ??= sampleRound().finally(() => (sampling = null)));
  const timer = setInterval(() => {
    if (performance.now() >= dueMs) void sample();
  }, everyMs);
  void sample();

  async function sampleRound(): Promise<void> {
    const beganMs = performance.now();
    const at = now().toISOString();
    const taken = await samplePods(at);
    samples.push(...taken);
    recordBytes += taken.reduce((sum, each) => sum + JSON.stringify(each).length + 1, 0);
    rounds += 1;
    // The mean: a failed round is small, and must not shorten the interval.
    const pace = { everyMs, roundBytes: recordBytes / rounds, leftBytes: limitBytes - recordBytes, lastedMs: beganMs - startedMs };
    // A timer may fire slightly early.
    dueMs = beganMs + untilNextRoundMs(pace) - everyMs / 2;
  }

  async function samplePods(at: string): Promise<RuntimeSample[]> {
    const none = (unread: string): RuntimeSample[] => [{ ...UNREAD, at, pod: '', unread }];
    try {
      const listed = await within(RESPONSE_TIMEOUT_MS, listPods(), null);
      if (listed === null) return none(`the pods cannot be listed: ${timedOut(RESPONSE_TIMEOUT_MS)}`);
      if (listed.length === 0) return none('no pod was found');
      return await Promise.all(inTurn(listed).map((pod) => samplePod(pod, at, ports, reportedPauses)));
    } catch (cause) {
      return none(`the pods cannot be listed: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  function inTurn(pods: readonly SampledPod[]): readonly SampledPod[] {
    if (pods.length <= PODS_PER_ROUND) return pods;
    const from = turn % pods.length;
    turn = from + PODS_PER_ROUND;
    return [...pods.slice(from), ...pods.slice(0, from)].slice(0, PODS_PER_ROUND);
  }

  const stop = (): void => clearInterval(timer);
  return {
    samples,
    stop,
    async finish() {
      stop();
      // A round in progress counts as the last one; a second would delay the verdict.
      await sample();
    },
  };
}

/** By pod. */
type ReportedPauses = Map<string, ReadonlySet<string>>;

/** Reads both pages of one pod. Without /metrics it is unread; without the heap page only the pauses are unknown. */
async function samplePod(
  { name, ip }: SampledPod,
  at: string,
  { metricsPort, pprofPort }: Pick<SamplerOptions, 'metricsPort' | 'pprofPort'>,
  reportedPauses: ReportedPauses,
): Promise<RuntimeSample> {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const page = async (port: number, path: string): Promise<string> =>
    new TextDecoder().decode(
      await readPage({ url: `http://${host}:${port}${path}`, timeoutMs: RESPONSE_TIMEOUT_MS, limitBytes: MAX_PAGE_BYTES }),
    );
  const [metrics, heap] = await Promise.allSettled([page(metricsPort, '/metrics'), page(pprofPort, '/debug/pprof/heap?debug=1')]);
  for (const each of [metrics, heap]) if (each.status === 'rejected' && !(each.reason instanceof RequestError)) throw each.reason;
  if (metrics.status === 'rejected')
    return { ...UNREAD, at, pod: name, unread: `/metrics of pod ${name}: ${(metrics.reason as RequestError).reason}` };
  const pauses = heap.status === 'fulfilled' ? readGcPauses(heap.value) : null;
  if (pauses) {
    const reported = reportedPauses.get(name);
    reportedPauses.set(name, new Set(pauses.recent.map(([end]) => end)));
    pauses.recent = pauses.recent.filter(([end]) => !reported?.has(end));
  }
  return { at, pod: name, unread: null, ...readRuntimeMetrics(metrics.value), pauses };
}

interface Pace {
  everyMs: number;
  roundBytes: number;
  /** Of the record. */
  leftBytes: number;
  /** Duration of the run so far. */
  lastedMs: number;
}

/** `everyMs` while the rest of the record lasts for as long again as the run has lasted; then as long as that requires. */
export function untilNextRoundMs({ everyMs, roundBytes, leftBytes, lastedMs }: Pace): number {
  return leftBytes <= 0 ? Infinity : Math.max(everyMs, (roundBytes * lastedMs) / leftBytes);
}

const UNREAD = { goroutines: null, heapBytes: null, gcCpuSeconds: null, totalCpuSeconds: null, pauses: null };
