// Whether requests still arrive. A version that hangs, or that users no longer reach, has no errors: its counters stand still.
import { count, duration } from '../../verdict/wording/index.ts';
import type { GuardLimits, OldTraffic } from './sample.ts';
import type { Sight } from './read-sample.ts';

/** A window below this share of the reference is quiet. Half and a quarter of the traffic are far above it; a hang has none. */
const FLOOR_SHARE = 0.1;
/** Windows with fewer expected requests are not judged: of 30 expected, 3 or fewer arrive by chance in one of 10^8 windows (Poisson). */
const MIN_EXPECTED = 30;
/** As long as a version may serve nobody (serving.ts): shorter windows would count the gaps between two scrapes. */
const MIN_WINDOW_MS = 10_000;
/** Below 0.1 requests/s, 30 requests take longer than this: such a service has no floor, only the minimum of the last third. */
const MAX_WINDOW_MS = 300_000;
/** Requests pile up: three more than normal, as one or two may be slow reports, and half as many again, as long-lived connections vary. */
const MIN_HANGING = 3;
const PILED_UP = 1.5;
/** At most 300 points are kept for the longest window: 24 kB of heartbeat. */
const POINT_EVERY_MS = 1_000;

interface TrafficPoint {
  /** Scrape times of the first and the last pod, clock of Prometheus. */
  oldestMs: number;
  newestMs: number;
  requests: number;
  inFlight: number | null;
}

/** The present stretch without traffic. */
interface Quiet {
  /** How long before the last sample it began, ms. */
  ms: number;
  requests: number;
  expected: number;
  /** The normal rate before it; frozen, so that a long silence does not become normal. */
  ratePerSecond: number;
  /** Requests in flight beyond the normal number; 0 where they do not pile up, or no gauge is exported. */
  hanging: number;
}

export interface Traffic {
  first: TrafficPoint | null;
  points: TrafficPoint[];
  /** Requests in flight one window ago, while traffic was normal: waiting clients pile up within a second of a hang. */
  normalInFlight: number | null;
  quiet: Quiet | null;
}

export const NO_TRAFFIC_YET: Traffic = { first: null, points: [], normalInFlight: null, quiet: null };

/**
 * Adds a sample that read every Ready pod. The window reaches from the last scrape of its first sample to the first scrape of its last one:
 * every pod was scraped on both sides, so a long scrape interval shortens nothing.
 */
export function addTraffic(
  { first, points, normalInFlight, quiet }: Traffic,
  sight: Sight,
  requests: number,
  limits: GuardLimits,
): Traffic {
  const now: TrafficPoint = { oldestMs: sight.oldestScrapeMs, newestMs: sight.newestScrapeMs, requests, inFlight: sight.inFlight };
  const near = startOf(points, now, MIN_WINDOW_MS);
  const ratePerSecond = quiet?.ratePerSecond ?? Math.max(oldRate(limits.oldTraffic), near === null ? 0 : ownRate(first, near));
  const windowMs = Math.min(MAX_WINDOW_MS, Math.max(MIN_WINDOW_MS, (1_000 * MIN_EXPECTED) / ratePerSecond));
  const start = startOf(points, now, windowMs);
  const last = points.at(-1);
  const kept = points.filter(({ newestMs }) => newestMs >= (start?.newestMs ?? 0));
  const isNew = last === undefined || now.oldestMs - last.oldestMs >= POINT_EVERY_MS;
  const next = { first: first ?? now, points: isNew ? [...kept, now] : kept };
  if (start === null) return { ...next, normalInFlight, quiet };
  const found = quietIn(start, now, ratePerSecond);
  if (found === null) return { ...next, normalInFlight: start.inFlight, quiet: null };
  const hanging = piledUp(now.inFlight, normalInFlight ?? start.inFlight);
  return { ...next, normalInFlight, quiet: { ...found, ms: sight.evaluatedMs - start.newestMs, hanging } };
}

/** Minimum of requests for a stretch, by the normal rate; at least one. */
export function floorOf({ first, points }: Traffic, stretchMs: number, { oldTraffic }: GuardLimits): number {
  const last = points.at(-1);
  const rate = Math.max(oldRate(oldTraffic), last === undefined ? 0 : ownRate(first, last));
  return Math.max(1, Math.ceil((FLOOR_SHARE * rate * stretchMs) / 1_000));
}

/** `2 requests in 12 s, 480 expected`. */
export const quietMessage = ({ requests, ms, expected }: Quiet): string =>
  `${count(requests)} ${requests === 1 ? 'request' : 'requests'} in ${duration(1_000 * Math.round(ms / 1_000))}, ${count(expected)} expected`;

/** Minimum of requests for a window that is not quiet. */
export const quietFloor = ({ expected }: Quiet): number => Math.ceil(FLOOR_SHARE * expected);

function quietIn(start: TrafficPoint, now: TrafficPoint, ratePerSecond: number): Omit<Quiet, 'ms' | 'hanging'> | null {
  const expected = (ratePerSecond * (now.oldestMs - start.newestMs)) / 1_000;
  const requests = now.requests - start.requests;
  return expected < MIN_EXPECTED || requests >= FLOOR_SHARE * expected ? null : { requests, expected, ratePerSecond };
}

function piledUp(now: number | null, normal: number | null): number {
  if (now === null || normal === null || now < PILED_UP * normal || now - normal < MIN_HANGING) return 0;
  return now - normal;
}

/** The newest point at least one window before now. */
const startOf = (points: readonly TrafficPoint[], now: TrafficPoint, windowMs: number): TrafficPoint | null =>
  points.findLast(({ newestMs }) => now.oldestMs - newestMs >= windowMs) ?? null;

/** Mean since the watch began, gaps included: counters are cumulative. The mean, not the highest window: one burst is not a reference. */
function ownRate(first: TrafficPoint | null, until: TrafficPoint): number {
  const spanMs = first === null ? 0 : until.newestMs - first.oldestMs;
  return first === null || spanMs < MIN_WINDOW_MS ? 0 : (1_000 * (until.requests - first.requests)) / spanMs;
}

const oldRate = (old: OldTraffic | null): number => (old === null || old.requests === null ? 0 : old.requests / old.windowS);
