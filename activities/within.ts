// A limit on how long something outside is waited for.
import { setTimeout as pause } from 'node:timers/promises';

/** The result of `work`, or `instead` where it takes longer or `signal` aborts. The work itself goes on, and its later failure is ignored. */
export async function within<T, Late>(timeoutMs: number, work: Promise<T>, instead: Late, signal?: AbortSignal): Promise<T | Late> {
  const done = new AbortController();
  const timeout = pause(timeoutMs, instead, { signal: signal ? AbortSignal.any([signal, done.signal]) : done.signal }).catch(() => instead);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    done.abort();
  }
}
