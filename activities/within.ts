// A time limit on waiting.
import { setTimeout as pause } from 'node:timers/promises';

/** The result of `work`, or `instead` on timeout or when `signal` aborts. The work continues, and its later failure is ignored. */
export async function within<T, Late>(timeoutMs: number, work: Promise<T>, instead: Late, signal?: AbortSignal): Promise<T | Late> {
  const done = new AbortController();
  const timeout = pause(timeoutMs, instead, { signal: signal ? AbortSignal.any([signal, done.signal]) : done.signal }).catch(() => instead);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    done.abort();
  }
}
