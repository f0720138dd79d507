// pprof profiles of a pod under load: CPU, goroutines, leaked goroutines, mutex, block, heap. A profile that cannot be captured becomes a fact with
// its reason; the load test continues.
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
  /** Between the two goroutine profiles. A stack in both, 10 s apart, is blocked, not busy (Go reports wait times in minutes, and only after a GC). */
  goroutineGapMs?: number;
}

export interface CapturedProfiles {
  evidence: EvidenceRef[];
  facts: Fact[];
}

/** A goroutine profile of 200,000 goroutines has 2 kB, a CPU profile of 30 s on 64 cores about 10 MB. */
const MAX_PROFILE_BYTES = 64 * 1024 * 1024;
/** debug=0 stops the world for 0.24 s at 200,000 goroutines (debug=2, never used here, for 2.6 s); the rest is for a busy CPU. */
const RESPONSE_TIMEOUT_MS = 15_000;
export const GOROUTINE_GAP_MS = 10_000;

/** Go runs one CPU profile per process at a time. */
const profiled = new Set<string>();

/**
 * Captures CPU, mutex and block profile of the same seconds, two goroutine profiles, leaked goroutines if the binary reports them, and a heap
 * profile; stores them unchanged (gzip). Failures and `signal` become facts. Throws only when the store cannot keep a profile.
 */
export async function captureProfiles(pod: ProfiledPod, options: CaptureOptions): Promise<CapturedProfiles> {
  const { cpuSeconds, signal, goroutineGapMs = GOROUTINE_GAP_MS } = options;
  const captured: CapturedProfiles = { evidence: [], facts: [] };
  const take = (kind: EvidenceKind, path: string, timeoutMs = RESPONSE_TIMEOUT_MS) =>
    takeOne(pod, options, captured, { kind, path, timeoutMs });

  const cpu = takeCpu(pod, options, captured, () =>
    take('cpu-profile', `profile?seconds=${cpuSeconds}`, cpuSeconds * 1_000 + RESPONSE_TIMEOUT_MS),
  );
  // With `seconds` both are differences over that time; without it Go counts from the start of the process.
  const waits = ['mutex', 'block'].map((name) =>
    take(`${name}-profile` as EvidenceKind, `${name}?seconds=${cpuSeconds}`, cpuSeconds * 1_000 + RESPONSE_TIMEOUT_MS),
  );
  const others = (async () => {
    await take('goroutine-profile', 'goroutine');
    const takenMs = performance.now();
    // During the gap: after it the load may have ended.
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
    captured.facts.push(notTaken(pod, 'cpu-profile', 'another capture of this worker is in progress'));
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
  { kind, path, timeoutMs }: { kind: EvidenceKind; path: string; timeoutMs: number },
): Promise<void> {
  const url = `http://${pod.ip.includes(':') ? `[${pod.ip}]` : pod.ip}:${pprofPort}/debug/pprof/${path}`;
  let bytes: Uint8Array;
  try {
    bytes = await readPage({ url, timeoutMs, limitBytes: MAX_PROFILE_BYTES, signal });
  } catch (cause) {
    if (!(cause instanceof RequestError) && !signal?.aborted) throw cause;
    captured.facts.push(notTaken(pod, kind, cause instanceof RequestError ? cause.reason : 'the load had ended'));
    return;
  }
  if (!isGzip(bytes)) {
    captured.facts.push(notTaken(pod, kind, 'the response is not a pprof profile'));
    return;
  }
  captured.evidence.push(await store.put({ kind, mediaType: 'application/vnd.google.protobuf+gzip', source: sourceOf(pod) }, bytes));
}

/** Waits until the time is over or `signal` aborts. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(ms, undefined, signal ? { signal } : {}).catch((cause: unknown) => {
    if (!signal?.aborted) throw cause;
  });
}

function notTaken(pod: ProfiledPod, kind: EvidenceKind, reason: string): Fact {
  return { subject: sourceOf(pod), text: `no ${kind.replaceAll('-', ' ')}: ${reason}`, values: {} };
}

const sourceOf = ({ namespace, name }: ProfiledPod): string => `pod ${namespace}/${name}`;

/** pprof profiles are always gzipped. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
