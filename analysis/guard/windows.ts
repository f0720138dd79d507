// Divides a watch into windows, to distinguish a burst from a failing version. Small JSON: part of the heartbeat.
import { addWindow, NO_WINDOWS, type WindowSums } from '../statistics/index.ts';
import type { GuardSample } from './sample.ts';

/** A burst (connection reset, GC pause, leader election, retry storm) lasts at most about two seconds; anything longer is an outage. */
export const BURST_MS = 2_000;
/**
 * Shortest window; else as long as the sample interval. Nearly a burst, so that one is in at most two windows, and less than the shortest
 * sample interval of 2 s, as timers are not exact.
 */
const MIN_COUNT_WINDOW_MS = 1_500;
/** The most windows that are tested together, besides the whole watch: two minutes of samples 5 s apart. */
export const LONG_WINDOWS = 24;

/** How a request can be bad. */
export type BadKind = 'errors' | 'slow';

/** Requests answered in some time. */
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
 * Adds the counts of one sample. A window closes when every readable pod was scraped since it opened, and it has requests: an event that
 * all pods share is then in one window or two, never in three, however scrapes are spread.
 * @param oldestScrapeMs of the present, readable pods, ms on the clock of Prometheus; null without any
 */
export function addToWindows(
  before: Windows,
  added: Answered,
  { evaluatedAtS }: Pick<GuardSample, 'evaluatedAtS'>,
  oldestScrapeMs: number | null,
): Windows {
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

/** The most windows that fit into a time. */
export const windowsIn = (ms: number, intervalMs: number): number => Math.max(1, Math.ceil(ms / Math.max(intervalMs, MIN_COUNT_WINDOW_MS)));
