// Looks at the Go runtime of every pod each few seconds while the load runs.
import { setTimeout as wait } from 'node:timers/promises';
import { readGcPauses, readRuntimeMetrics, type RuntimeSample } from '../../analysis/runtime/sample.ts';
import { PageUnread, readPage } from '../profiles/pod-page.ts';

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
/** About 1 kB each: an hour of 10 pods each 5 s is 7,200. */
const SAMPLES_LIMIT = 20_000;
/** More pods than this say the same again. */
const PODS_LIMIT = 50;

export function startRuntimeSampler({ listPods, metricsPort, pprofPort, everyMs, now = () => new Date() }: SamplerOptions): RuntimeSampler {
  const samples: RuntimeSample[] = [];
  /** Newest pause already stored per pod, so that each is stored once though Go shows the last 256 each time. */
  const newestPause = new Map<string, bigint>();
  let looking: Promise<void> | null = null;
  const look = (): Promise<void> => (looking ??= lookOnce().finally(() => (looking = null)));
  // A look that takes longer than the time between two is the next one, too.
  const timer = setInterval(() => void look(), everyMs);
  void look();

  async function lookOnce(): Promise<void> {
    if (samples.length >= SAMPLES_LIMIT) return;
    const at = now().toISOString();
    try {
      const pods = (await within(ANSWER_WITHIN_MS, listPods())).slice(0, PODS_LIMIT);
      samples.push(...(await Promise.all(pods.map((pod) => sample(pod, at)))));
    } catch (cause) {
      samples.push({
        ...UNREAD,
        at,
        pod: '',
        unread: `the pods cannot be listed: ${cause instanceof Error ? cause.message : String(cause)}`,
      });
    }
  }

  async function sample({ name, ip }: SampledPod, at: string): Promise<RuntimeSample> {
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const page = async (port: number, path: string): Promise<string> =>
      new TextDecoder().decode(
        await readPage({ url: `http://${host}:${port}${path}`, timeoutMs: ANSWER_WITHIN_MS, limitBytes: PAGE_LIMIT_BYTES }),
      );
    const [metrics, heap] = await Promise.allSettled([page(metricsPort, '/metrics'), page(pprofPort, '/debug/pprof/heap?debug=1')]);
    for (const each of [metrics, heap]) if (each.status === 'rejected' && !(each.reason instanceof PageUnread)) throw each.reason;
    if (metrics.status === 'rejected')
      return { ...UNREAD, at, pod: name, unread: `/metrics of pod ${name}: ${(metrics.reason as PageUnread).message}` };
    const pauses = heap.status === 'fulfilled' ? readGcPauses(heap.value) : null;
    if (pauses) {
      const seen = newestPause.get(name) ?? 0n;
      pauses.recent = pauses.recent.filter(([end]) => BigInt(end) > seen);
      for (const [end] of pauses.recent) if (BigInt(end) > (newestPause.get(name) ?? 0n)) newestPause.set(name, BigInt(end));
    }
    return { at, pod: name, unread: null, ...readRuntimeMetrics(metrics.value), pauses };
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

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = wait(ms, undefined, { signal: late.signal }).then(
    () => Promise.reject(new PageUnread(`no answer within ${ms / 1_000} s`)),
    // Called off because the answer came: this promise has lost the race already.
    () => new Promise<never>(() => undefined),
  );
  return Promise.race([answer, timeout]).finally(() => late.abort());
}

const UNREAD = { goroutines: null, heapBytes: null, gcCpuSeconds: null, totalCpuSeconds: null, pauses: null };
