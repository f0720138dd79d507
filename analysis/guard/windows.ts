// A watch cut into windows: what tells a burst from a version that fails. Small JSON: it travels in heartbeats.
import { addWindow, NO_WINDOWS, type WindowSums } from '../statistics/index.ts';
import type { GuardSample } from './sample.ts';

/**
 * A window is as long as the samples are apart, and at least this: a burst (a connection reset, a pause, a retry storm) is over within a second or
 * two, and is one burst as long as it is not longer than a window.
 */
const MIN_WINDOW_MS = 1_500;
/** The longest stretch that is judged beside the whole watch: two minutes of samples that are 5 s apart. */
export const LONG_WINDOWS = 24;

/** What was answered in some time. */
export interface Answered {
  requests: number;
  errors: number;
  slow: number;
}

export interface Window extends Answered {
  ms: number;
}

export interface Windows {
  /** Where the open window began, ms on the clock of Prometheus; null before the first sample. */
  openedMs: number | null;
  open: Answered;
  /** The last closed windows, oldest first. */
  recent: Window[];
  /** All closed windows. */
  errors: WindowSums;
  slow: WindowSums;
}

const NOTHING: Answered = { requests: 0, errors: 0, slow: 0 };
export const NO_WINDOWS_YET: Windows = { openedMs: null, open: NOTHING, recent: [], errors: NO_WINDOWS, slow: NO_WINDOWS };

/**
 * Adds what one sample counted. A window closes when every pod that can be read was scraped since it was opened, and requests were answered in it: what
 * all pods met at one time then lies in one window or two, however their scrapes are spread, and never in three.
 * @param oldestScrapeMs of the pods that could be read, ms on the clock of Prometheus; null when none could
 */
export function addToWindows(before: Windows, added: Answered, { evaluatedAtS }: GuardSample, oldestScrapeMs: number | null): Windows {
  if (evaluatedAtS === null || oldestScrapeMs === null) return before;
  const nowMs = evaluatedAtS * 1_000;
  if (before.openedMs === null) return { ...before, openedMs: nowMs };
  const open = {
    requests: before.open.requests + added.requests,
    errors: before.open.errors + added.errors,
    slow: before.open.slow + added.slow,
  };
  const ms = nowMs - before.openedMs;
  if (open.requests === 0 || ms < MIN_WINDOW_MS || oldestScrapeMs < before.openedMs) return { ...before, open };
  return {
    openedMs: nowMs,
    open: NOTHING,
    recent: [...before.recent, { ...open, ms }].slice(-LONG_WINDOWS),
    errors: addWindow(before.errors, { requests: open.requests, bad: open.errors }),
    slow: addWindow(before.slow, { requests: open.requests, bad: open.slow }),
  };
}

/** Windows that a time can hold at most. */
export const windowsIn = (ms: number, intervalMs: number): number => Math.max(1, Math.ceil(ms / Math.max(intervalMs, MIN_WINDOW_MS)));
