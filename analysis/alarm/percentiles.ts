// Percentiles of the time from fault to message. The phases of scrape and evaluation are fixed by hashes but unknown, so they count as
// uniform and independent. Integrated over POINTS points of a Halton sequence: no random numbers, the same result every time.
import { rateShare, sampledMs, type Window } from './window.ts';

/** With 4,096 points the percentiles of a sum of uniform phases are known to 0.2 % of the longest one. */
const POINTS = 4_096;

export interface Timing extends Window {
  evaluationMs: number;
  queryOffsetMs: number;
  forMs: number;
  /** Threshold as a share of the surge. */
  share: number;
  orEqual: boolean;
}

/** A delay between its two ends, both included; every value in between is as likely. */
export interface Delay {
  earliestMs: number;
  latestMs: number;
}

/** p50 and p95 in milliseconds, over the phases of scrape and evaluation and over the given further delays. */
export function percentiles(timing: Timing, delays: readonly Delay[]): { p50Ms: number; p95Ms: number } {
  const totals = Float64Array.from({ length: POINTS }, (_, index) => {
    const fires = firingMs(timing, halton(index, 2) * timing.scrapeMs, halton(index, 3) * timing.evaluationMs);
    return delays.reduce(
      (sum, { earliestMs, latestMs }, nth) => sum + earliestMs + halton(index, BASES[nth] ?? 13) * (latestMs - earliestMs),
      fires,
    );
  }).sort();
  const at = (share: number): number => totals[Math.min(POINTS - 1, Math.floor(share * POINTS))] ?? 0;
  return { p50Ms: at(0.5), p95Ms: at(0.95) };
}

const BASES = [5, 7, 11];

/** Number `index` of the van der Corput sequence in a prime base: evenly spread over (0, 1). */
function halton(index: number, base: number): number {
  let value = 0;
  for (let rest = index + 1, scale = 1 / base; rest > 0; rest = Math.floor(rest / base), scale /= base) value += (rest % base) * scale;
  return value;
}

/**
 * When the alert fires, in milliseconds after the fault began, for the first scrape at `scrapePhaseMs` and the first evaluation at
 * `evaluationPhaseMs`. Pending begins at the first evaluation above the threshold, ends at one below it, and the alert fires at the first
 * evaluation that is at least `for` later (rules/alerting.go). The threshold has to be one that the surge exceeds.
 */
export function firingMs(timing: Timing, scrapePhaseMs: number, evaluationPhaseMs: number): number {
  const { scrapeMs, evaluationMs, queryOffsetMs, share } = timing;
  const { leastMs, mostMs } = sampledMs(timing);
  // Counted in evaluations, as their times are exact multiples of the interval in Prometheus; sums of fractions here would not be.
  const heldEvaluations = Math.ceil(timing.forMs / evaluationMs);
  // Before, no scrape phase is above the threshold; from `settledMs` on, each one is.
  const first = Math.max(0, Math.floor((share * leastMs + queryOffsetMs - evaluationPhaseMs) / evaluationMs));
  const settledMs = share * mostMs + scrapeMs;
  let pendingSince: number | null = null;
  for (let evaluation = first; ; evaluation += 1) {
    const dataMs = evaluationPhaseMs + evaluation * evaluationMs - queryOffsetMs;
    const ageMs = modulo(dataMs - scrapePhaseMs, scrapeMs);
    const result = rateShare(timing, dataMs - ageMs, ageMs);
    const above = dataMs > settledMs || (result !== null && (timing.orEqual ? result >= share : result > share));
    pendingSince = above ? (pendingSince ?? evaluation) : null;
    if (pendingSince !== null && (dataMs > settledMs || evaluation - pendingSince >= heldEvaluations))
      return evaluationPhaseMs + (pendingSince + heldEvaluations) * evaluationMs;
  }
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
