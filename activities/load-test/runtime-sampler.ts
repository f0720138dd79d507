// Looks at the Go runtime of every pod each few seconds while the load runs.
import { setTimeout as wait } from 'node:timers/promises';
import { readGcPauses, readRuntimeMetrics, type RuntimeSample } from '../../analysis/runtime/sample.ts';
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';
import { timedOut } from '../reason-of.ts';

export interface SampledPod {
  name: string;
  ip: string;
}

export interface SamplerOptions {
  /** The pods as they are now; pods come and go under load. */
  listPods: () => Promise<readonly SampledPod[]>;
  metricsPort: number;
  pprofPort: number;
  everyMs: number;
  now?: () => Date;
  /** What the record of all looks may have. */
  limitBytes?: number;
}

export interface RuntimeSampler {
  samples: RuntimeSample[];
  /** Takes one last look and ends. Never rejects. */
  finish(): Promise<void>;
  stop(): void;
}

/** A pod too busy to answer in this time is told as unread; the next look is a few seconds away. */
const ANSWER_WITHIN_MS = 2_000;
/** /metrics of a service has 10-500 kB, the heap page 1 MB at most. */
const PAGE_LIMIT_BYTES = 8 * 1024 * 1024;
/**
 * Its reader takes 128 MB (analysis/json-lines.ts), and in memory it is up to 2.7 times as much (measured). A sample has 0.6 kB, and 32 bytes
 * more for each pause: at 10 collections/s 50 pods each 5 s fill a half, from which on looks get rarer, in 24 minutes, and 3 pods in 6 hours.
 */
const RECORD_LIMIT_BYTES = 64 * 1024 * 1024;
/** Of more pods these many at a look, in turn: a look is up to 100 pages of 1 MB, read beside the load. */
const PODS_PER_LOOK = 50;

/** Looks at all pods until told to finish, ever more rarely when the record fills, so that the end of a long run is seen as well. */
export function startRuntimeSampler({
  listPods,
  metricsPort,
  pprofPort,
  everyMs,
  now = () => new Date(),
  limitBytes = RECORD_LIMIT_BYTES,
}: SamplerOptions): RuntimeSampler {
  const samples: RuntimeSample[] = [];
  /** Ends of the pauses that a pod showed last, so that each is stored once though Go shows the last 256 each time. */
  const shownPauses: ShownPauses = new Map();
  const ports = { metricsPort, pprofPort };
  const startedMs = performance.now();
  let recordBytes = 0;
  let looks = 0;
  let dueMs = startedMs;
  let turn = 0;
  let looking: Promise<void> | null = null;
  const look = (): Promise<void> => (looking ??= lookOnce().finally(() => (looking = null)));
  // A look that takes longer than the time between two is the next one, too.
  const timer = setInterval(() => {
    if (performance.now() >= dueMs) void look();
  }, everyMs);
  void look();

  async function lookOnce(): Promise<void> {
    const beganMs = performance.now();
    const at = now().toISOString();
    const taken = await allPods(at);
    samples.push(...taken);
    recordBytes += taken.reduce((sum, each) => sum + JSON.stringify(each).length + 1, 0);
    looks += 1;
    // By the mean: a look that failed is small, and must not call for another one sooner.
    const pace = { everyMs, lookBytes: recordBytes / looks, leftBytes: limitBytes - recordBytes, lastedMs: beganMs - startedMs };
    // A tick may come a little early.
    dueMs = beganMs + untilNextLookMs(pace) - everyMs / 2;
  }

  async function allPods(at: string): Promise<RuntimeSample[]> {
    const none = (unread: string): RuntimeSample[] => [{ ...UNREAD, at, pod: '', unread }];
    try {
      const pods = inTurn(await within(ANSWER_WITHIN_MS, listPods()));
      return pods.length === 0 ? none('no pod was found') : await Promise.all(pods.map((pod) => samplePod(pod, at, ports, shownPauses)));
    } catch (cause) {
      return none(`the pods cannot be listed: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  function inTurn(pods: readonly SampledPod[]): readonly SampledPod[] {
    if (pods.length <= PODS_PER_LOOK) return pods;
    const from = turn % pods.length;
    turn = from + PODS_PER_LOOK;
    return [...pods.slice(from), ...pods.slice(0, from)].slice(0, PODS_PER_LOOK);
  }

  const stop = (): void => clearInterval(timer);
  return {
    samples,
    stop,
    async finish() {
      stop();
      // A look under way is as good as a last one, and two would keep the verdict waiting.
      await look();
    },
  };
}

/** By pod. */
type ShownPauses = Map<string, ReadonlySet<string>>;

/** Both pages of one pod. Without its metrics it is unread; without its heap page only the pauses are unknown. */
async function samplePod(
  { name, ip }: SampledPod,
  at: string,
  { metricsPort, pprofPort }: Pick<SamplerOptions, 'metricsPort' | 'pprofPort'>,
  shownPauses: ShownPauses,
): Promise<RuntimeSample> {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const page = async (port: number, path: string): Promise<string> =>
    new TextDecoder().decode(
      await readPage({ url: `http://${host}:${port}${path}`, timeoutMs: ANSWER_WITHIN_MS, limitBytes: PAGE_LIMIT_BYTES }),
    );
  const [metrics, heap] = await Promise.allSettled([page(metricsPort, '/metrics'), page(pprofPort, '/debug/pprof/heap?debug=1')]);
  for (const each of [metrics, heap]) if (each.status === 'rejected' && !(each.reason instanceof RequestError)) throw each.reason;
  if (metrics.status === 'rejected')
    return { ...UNREAD, at, pod: name, unread: `/metrics of pod ${name}: ${(metrics.reason as RequestError).reason}` };
  const pauses = heap.status === 'fulfilled' ? readGcPauses(heap.value) : null;
  if (pauses) {
    const shown = shownPauses.get(name);
    shownPauses.set(name, new Set(pauses.recent.map(([end]) => end)));
    pauses.recent = pauses.recent.filter(([end]) => !shown?.has(end));
  }
  return { at, pod: name, unread: null, ...readRuntimeMetrics(metrics.value), pauses };
}

interface Pace {
  everyMs: number;
  lookBytes: number;
  /** Of the record. */
  leftBytes: number;
  /** The run so far. */
  lastedMs: number;
}

/** As often as asked for, while what is left of the record lasts at least as long again as the run has; then as rarely as that needs. */
export function untilNextLookMs({ everyMs, lookBytes, leftBytes, lastedMs }: Pace): number {
  return leftBytes <= 0 ? Infinity : Math.max(everyMs, (lookBytes * lastedMs) / leftBytes);
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = wait(ms, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(timedOut(ms))),
    // Called off because the answer came: this promise has lost the race already.
    () => new Promise<never>(() => undefined),
  );
  return Promise.race([answer, timeout]).finally(() => late.abort());
}

const UNREAD = { goroutines: null, heapBytes: null, gcCpuSeconds: null, totalCpuSeconds: null, pauses: null };
