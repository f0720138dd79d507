// A load test cut into windows of equal length: what two runs are compared by, and what the runtime is set beside. Windows, because single
// requests lean on each other, and of a million of them every trifle would be significant.
import { LoadLineReader } from './lines.ts';
import { plannedSeconds, type LoadStage } from './plan.ts';
import { LatencySeries, type SeriesBucket } from './series.ts';
import { ENDPOINTS_LIMIT, feedPoints, OTHER_ENDPOINTS } from './summary.ts';

export interface LoadWindows {
  /** Milliseconds since 1970 at which the first window begins: the end of the first request. */
  startMs: number;
  widthSeconds: number;
  /** Whole windows that saw requests, over all endpoints. `second` counts from `startMs`. */
  all: SeriesBucket[];
  endpoints: Map<string, SeriesBucket[]>;
}

/** Long enough to be steady, and no longer than the runtime's own samples can be set beside (reference: diagnostics, comparing two runs). */
const WIDEST_SECONDS = 10;
/** A short test is cut into this many; its windows are then shorter and noisier. */
const MIN_WINDOWS = 20;
/** The last window counts when it lacks no more than this share. */
const ALMOST_WHOLE = 0.1;

/** Seconds of one window for a run of these stages: 1 to 10. */
export const windowSeconds = (stages: readonly LoadStage[]): number =>
  Math.min(WIDEST_SECONDS, Math.max(1, Math.floor(plannedSeconds(stages) / MIN_WINDOWS)));

/**
 * Reads the points once. Null without a request. Bytes that end early give the windows before that.
 * @param fromMs where the first window begins; requests before it are left out. The first request when left out.
 */
export async function loadWindows(
  bytes: AsyncIterable<Uint8Array>,
  widthSeconds = WIDEST_SECONDS,
  fromMs = Infinity,
): Promise<LoadWindows | null> {
  const all = new LatencySeries(widthSeconds);
  const endpoints = new Map<string, LatencySeries>();
  let startMs = fromMs;
  let lastMs = -Infinity;
  const seriesOf = (name: string): LatencySeries => {
    const key = endpoints.has(name) || endpoints.size < ENDPOINTS_LIMIT ? name : OTHER_ENDPOINTS;
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
  const lasted = (lastMs - startMs) / 1_000 + ALMOST_WHOLE * whole.widthSeconds;
  const ended = ({ second }: SeriesBucket): boolean => second + whole.widthSeconds <= lasted;
  return {
    startMs,
    widthSeconds: whole.widthSeconds,
    all: whole.buckets.filter(ended),
    endpoints: new Map([...endpoints].map(([name, series]) => [name, series.read().buckets.filter(ended)])),
  };
}

/** Two that ran at once for this long are compared minute by minute: neighbouring minutes lean on each other less than seconds do. */
const MINUTES_FROM_SECONDS = 600;
/** Runs that met for fewer windows than this are compared as if they had not. */
const MIN_COMMON_WINDOWS = 10;

export interface CommonWindows {
  /** Milliseconds since 1970 at which the first begins. */
  fromMs: number;
  widthSeconds: number;
}

/**
 * The time two runs have in common, as windows for both: where the first begins and how long each is. Null where it is too short, or not
 * most of both: what a few minutes say of two hours is better said by all of them.
 */
export function commonWindows(a: LoadWindows, b: LoadWindows): CommonWindows | null {
  const seconds = secondsShared(a, b);
  const widthSeconds = seconds >= MINUTES_FROM_SECONDS ? 60 : a.widthSeconds;
  const most = 2 * seconds > Math.max(lengthSeconds(a), lengthSeconds(b));
  return most && seconds >= MIN_COMMON_WINDOWS * widthSeconds ? { fromMs: Math.max(a.startMs, b.startMs), widthSeconds } : null;
}

/** How long two runs ran at once; 0 where they did not. */
export const secondsShared = (a: LoadWindows, b: LoadWindows): number =>
  Math.max(0, (Math.min(endMs(a), endMs(b)) - Math.max(a.startMs, b.startMs)) / 1_000);

/** From the first window to the end of the last one. */
const lengthSeconds = ({ widthSeconds, all }: LoadWindows): number => (all.at(-1)?.second ?? -widthSeconds) + widthSeconds;
const endMs = (windows: LoadWindows): number => windows.startMs + 1_000 * lengthSeconds(windows);
