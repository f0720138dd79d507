// Divides a watch into windows, to distinguish a burst from a failing version. Small JSON: part of the heartbeat.
import { addWindow, NO_WINDOWS, type WindowSums } from '../statistics/index.ts';
import type { GuardSample } from './sample.ts';

/** A burst (a connection reset, a pause, an election of a leader, a retry storm) is over within about two seconds; what lasts longer is an outage. */
export const BURST_MS = 2_000;
/**
 * A window is as long as the samples are apart, and at least this: nearly a burst, so that one lies in two windows, and less than the 2 s that samples
 * may be apart, as timers are not exact.
 */
const MIN_COUNT_WINDOW_MS = 1_500;
/** The most windows that are judged together beside the whole watch: two minutes of samples that are 5 s apart. */
export const LONG_WINDOWS = 24;

/** How a request can be bad. */
export type BadKind = 'errors' | 'slow';

/** What was answered in some time. */
export interface Answered extends Record<BadKind, number> {
  requests: number;
}

export interface Window extends Answered {
  ms: number;
}

export interface Windows extends Record<BadKind, WindowSums> {
  /** Where the open window began, ms on the clock of Prometheus; null before the first sample. */
  openedMs: number | null;
  open: Window;
  /** The last closed windows, oldest first. `errors` and `slow` are the sums of all closed windows. */
  recent: Window[];
}

const NOTHING: Window = { requests: 0, errors: 0, slow: 0, ms: 0 };
export const NO_WINDOWS_YET: Windows = { openedMs: null, open: NOTHING, recent: [], errors: NO_WINDOWS, slow: NO_WINDOWS };

/**
 * Adds what one sample counted. A window closes when every pod that can be read was scraped since it was opened, and requests were answered in it: what
 * all pods met at one time then lies in one window or two, however their scrapes are spread, and never in three.
 * @param oldestScrapeMs of the present pods that could be read, ms on the clock of Prometheus; null when none could
 */
export function addToWindows(before: Windows, added: Answered, { evaluatedAtS }: GuardSample, oldestScrapeMs: number | null): Windows {
  if (evaluatedAtS === null) return before;
  const nowMs = evaluatedAtS * 1_000;
  if (before.openedMs === null) return oldestScrapeMs === null ? before : { ...before, openedMs: nowMs };
  const open: Window = {
    requests: before.open.requests + added.requests,
    errors: before.open.errors + added.errors,
    slow: before.open.slow + added.slow,
    ms: nowMs - before.openedMs,
  };
  const isWhole = oldestScrapeMs !== null && oldestScrapeMs >= before.openedMs;
  if (!isWhole || open.requests === 0 || open.ms < MIN_COUNT_WINDOW_MS) return { ...before, open };
  return {
    openedMs: nowMs,
    open: NOTHING,
    recent: [...before.recent, open].slice(-LONG_WINDOWS),
    errors: addWindow(before.errors, { requests: open.requests, bad: open.errors }),
    slow: addWindow(before.slow, { requests: open.requests, bad: open.slow }),
  };
}

/** Windows that a time can hold at most. */
export const windowsIn = (ms: number, intervalMs: number): number => Math.max(1, Math.ceil(ms / Math.max(intervalMs, MIN_COUNT_WINDOW_MS)));
