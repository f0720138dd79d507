// A load test in windows of equal length, to compare runs and to correlate with the runtime. Windows, because single requests depend on
// each other, and a million of them make every difference significant.
import { LoadLineReader } from './lines.ts';
import { plannedSeconds, type LoadStage } from './plan.ts';
import { LatencySeries, type SeriesBucket } from './series.ts';
import { MAX_ENDPOINTS, feedPoints, OTHER_ENDPOINTS } from './summary.ts';

export interface LoadWindows {
  /** Start of the first window, milliseconds since 1970: the end of the first request. */
  startMs: number;
  widthSeconds: number;
  /** Whole windows with requests, over all endpoints. `second` counts from `startMs`. */
  all: SeriesBucket[];
  endpoints: Map<string, SeriesBucket[]>;
}

/** Long enough to be steady, and short enough for the runtime's own samples (reference: diagnostics, comparing two runs). */
const MAX_SECONDS = 10;
/** A short test is divided into this many; its windows are shorter and noisier. */
const MIN_WINDOWS = 20;
/** The last window counts when at most this share of it is missing. */
const MAX_MISSING_SHARE = 0.1;

/** Seconds of one window for a run of these stages: 1 to 10. */
export const windowSeconds = (stages: readonly LoadStage[]): number =>
  Math.min(MAX_SECONDS, Math.max(1, Math.floor(plannedSeconds(stages) / MIN_WINDOWS)));

/**
 * Reads the points once. Null without a request. Truncated bytes give the windows before their end.
 * @param fromMs start of the first window; earlier requests are left out. Default: the first request.
 */
export async function loadWindows(
  bytes: AsyncIterable<Uint8Array>,
  widthSeconds = MAX_SECONDS,
  fromMs = Infinity,
): Promise<LoadWindows | null> {
  const all = new LatencySeries(widthSeconds);
  const endpoints = new Map<string, LatencySeries>();
  let startMs = fromMs;
  let lastMs = -Infinity;
  const seriesOf = (name: string): LatencySeries => {
    const key = endpoints.has(name) || endpoints.size < MAX_ENDPOINTS ? name : OTHER_ENDPOINTS;
    const found = endpoints.get(key) ?? new LatencySeries(widthSeconds);
    endpoints.set(key, found);
    return found;
  };
  const reader = new LoadLineReader({
    ...LoadLineReader.ignoringAll,
    request({ endpoint, atMs, durationMs, failed }) {
      if (startMs === Infinity) startMs = atMs;
      if (atMs < startMs && fromMs !== Infinity) return;
      lastMs = Math.max(lastMs, atMs);
      const second = (atMs - startMs) / 1_000;
      all.record(second, durationMs, failed);
      seriesOf(endpoint).record(second, durationMs, failed);
    },
  });
  await feedPoints(bytes, (chunk) => reader.push(chunk));
  if (lastMs === -Infinity) return null;
  const whole = all.read();
  const lasted = (lastMs - startMs) / 1_000 + MAX_MISSING_SHARE * whole.widthSeconds;
  const ended = ({ second }: SeriesBucket): boolean => second + whole.widthSeconds <= lasted;
  return {
    startMs,
    widthSeconds: whole.widthSeconds,
    all: whole.buckets.filter(ended),
    endpoints: new Map([...endpoints].map(([name, series]) => [name, series.read().buckets.filter(ended)])),
  };
}

/** Runs that share this much time are compared by minutes: neighbouring minutes depend on each other less than seconds. */
const MINUTES_FROM_SECONDS = 600;
/** Runs that share fewer windows are compared as if they shared none. */
const MIN_COMMON_WINDOWS = 10;

export interface CommonWindows {
  /** Start of the first window, milliseconds since 1970. */
  fromMs: number;
  widthSeconds: number;
}

/**
 * The time that two runs share, as windows for both. Null where it is too short, or not most of both: all windows say more than a few
 * minutes of two hours.
 */
export function commonWindows(a: LoadWindows, b: LoadWindows): CommonWindows | null {
  const seconds = secondsShared(a, b);
  const widthSeconds = seconds >= MINUTES_FROM_SECONDS ? 60 : a.widthSeconds;
  const isMost = 2 * seconds > Math.max(lengthSeconds(a), lengthSeconds(b));
  return isMost && seconds >= MIN_COMMON_WINDOWS * widthSeconds ? { fromMs: Math.max(a.startMs, b.startMs), widthSeconds } : null;
}

/** Seconds that two runs ran at the same time; 0 where they did not. */
export const secondsShared = (a: LoadWindows, b: LoadWindows): number =>
  Math.max(0, (Math.min(endMs(a), endMs(b)) - Math.max(a.startMs, b.startMs)) / 1_000);

/** From the first window to the end of the last one. */
const lengthSeconds = ({ widthSeconds, all }: LoadWindows): number => (all.at(-1)?.second ?? -widthSeconds) + widthSeconds;
const endMs = (windows: LoadWindows): number => windows.startMs + 1_000 * lengthSeconds(windows);
