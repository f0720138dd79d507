// Profiles of a pod under load: what the CPU does, where goroutines wait and who will never be woken, which locks are fought for, what fills the
// heap. A profile that cannot be captured becomes a fact with its reason; the load test continues.
import { setTimeout as wait } from 'node:timers/promises';
import type { EvidenceKind, EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';

export interface ProfiledPod {
  namespace: string;
  name: string;
  ip: string;
}

export interface CaptureOptions {
  store: EvidenceStore;
  pprofPort: number;
  cpuSeconds: number;
  signal?: AbortSignal;
  /** Between the two goroutine profiles. 10 s: a stack still there after it is blocked, not busy (Go's own wait times are minutes, and need a GC). */
  goroutineGapMs?: number;
}

export interface CapturedProfiles {
  evidence: EvidenceRef[];
  facts: Fact[];
}

/** A goroutine profile of 200,000 goroutines has 2 kB, a CPU profile of 30 s on 64 cores about 10 MB: more than this is no profile. */
const PROFILE_LIMIT_BYTES = 64 * 1024 * 1024;
/** debug=0 stops the world for 0.24 s at 200,000 goroutines (debug=2 for 2.6 s, so it is never asked for); the rest is room for a busy CPU. */
const ANSWER_TIMEOUT_MS = 15_000;
export const GOROUTINE_GAP_MS = 10_000;

/** Go keeps one CPU profile per process at a time, so this process asks each address only once at a time. */
const profiled = new Set<string>();

/**
 * CPU, mutex and block profile of the same seconds, two goroutine profiles apart, leaked goroutines where the binary reports them, heap profile: all
 * as received (gzip), stored with source `pod ns/name`. What `signal` cuts off becomes facts, like any other failure; what was captured before
 * stays. Throws only when the store cannot keep them.
 */
export async function captureProfiles(pod: ProfiledPod, options: CaptureOptions): Promise<CapturedProfiles> {
  const { cpuSeconds, signal, goroutineGapMs = GOROUTINE_GAP_MS } = options;
  const captured: CapturedProfiles = { evidence: [], facts: [] };
  const take = (kind: EvidenceKind, path: string, timeoutMs = ANSWER_TIMEOUT_MS) => takeOne(pod, options, captured, kind, path, timeoutMs);

  const cpu = takeCpu(pod, options, captured, () =>
    take('cpu-profile', `profile?seconds=${cpuSeconds}`, cpuSeconds * 1_000 + ANSWER_TIMEOUT_MS),
  );
  // Differences over the CPU profile's seconds, for Go counts both from the start of the process.
  const waits = ['mutex', 'block'].map((name) =>
    take(`${name}-profile` as EvidenceKind, `${name}?seconds=${cpuSeconds}`, cpuSeconds * 1_000 + ANSWER_TIMEOUT_MS),
  );
  const others = (async () => {
    await take('goroutine-profile', 'goroutine');
    const takenMs = performance.now();
    // In the gap, which is there anyway: what is taken after it may come too late for a load that ends.
    await take('goroutine-leak-profile', 'goroutineleak');
    await take('heap-profile', 'heap');
    await pause(Math.max(0, goroutineGapMs - (performance.now() - takenMs)), signal);
    await take('goroutine-profile', 'goroutine');
  })();
  const ended = await Promise.allSettled([cpu, others, ...waits]);
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
  return captured;
}

async function takeCpu(
  pod: ProfiledPod,
  { pprofPort }: CaptureOptions,
  captured: CapturedProfiles,
  take: () => Promise<void>,
): Promise<void> {
  const address = `${pod.ip}:${pprofPort}`;
  if (profiled.has(address)) {
    captured.facts.push(notTaken(pod, 'cpu-profile', 'another capture of this worker is profiling it now'));
    return;
  }
  profiled.add(address);
  try {
    await take();
  } finally {
    profiled.delete(address);
  }
}

async function takeOne(
  pod: ProfiledPod,
  { store, pprofPort, signal }: CaptureOptions,
  captured: CapturedProfiles,
  kind: EvidenceKind,
  path: string,
  timeoutMs: number,
): Promise<void> {
  const url = `http://${pod.ip.includes(':') ? `[${pod.ip}]` : pod.ip}:${pprofPort}/debug/pprof/${path}`;
  let bytes: Uint8Array;
  try {
    bytes = await readPage({ url, timeoutMs, limitBytes: PROFILE_LIMIT_BYTES, signal });
  } catch (cause) {
    if (!(cause instanceof RequestError) && !signal?.aborted) throw cause;
    captured.facts.push(notTaken(pod, kind, cause instanceof RequestError ? cause.reason : 'the load had ended'));
    return;
  }
  if (!isGzip(bytes)) {
    captured.facts.push(notTaken(pod, kind, 'what it answered is no pprof profile'));
    return;
  }
  captured.evidence.push(await store.put({ kind, mediaType: 'application/vnd.google.protobuf+gzip', source: sourceOf(pod) }, bytes));
}

/** Waits, or less when the signal comes first. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(ms, undefined, signal ? { signal } : {}).catch((cause: unknown) => {
    if (!signal?.aborted) throw cause;
  });
}

function notTaken(pod: ProfiledPod, kind: EvidenceKind, why: string): Fact {
  return { subject: sourceOf(pod), text: `no ${kind.replaceAll('-', ' ')}: ${why}`, values: {} };
}

const sourceOf = ({ namespace, name }: ProfiledPod): string => `pod ${namespace}/${name}`;

/** pprof profiles are always gzip. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
