// The plan of a load test: stages of offered load, and limits.

/**
 * The offered load changes linearly from the rate before (0 at the start) to `ratePerSecond` over `seconds`, in iterations, like k6's
 * ramping-arrival-rate. The script decides how many requests an iteration sends.
 */
export interface LoadStage {
  seconds: number;
  ratePerSecond: number;
}

export interface EndpointLimits {
  p99Ms: number;
  /** 0-100. */
  errorPercent: number;
}

export interface LoadLimits extends EndpointLimits {
  /** Minimum share of the offered load that must be sent, 0-100. */
  deliveredPercent: number;
  /** Limits of single endpoints (`POST /api/order/create`); missing values are the general ones. */
  endpoints: Record<string, Partial<EndpointLimits>>;
}

export function limitsOf(endpoint: string, limits: LoadLimits): EndpointLimits {
  const own = Object.hasOwn(limits.endpoints, endpoint) ? limits.endpoints[endpoint] : undefined;
  return { p99Ms: own?.p99Ms ?? limits.p99Ms, errorPercent: own?.errorPercent ?? limits.errorPercent };
}

/** Iterations that the stages offer in their first `seconds`; all by default. Exact (area of trapezoids), not rounded. */
export function offeredIterations(stages: readonly LoadStage[], seconds = Infinity): number {
  let offered = 0;
  let before = 0;
  let left = seconds;
  for (const stage of stages) {
    if (left <= 0) break;
    const part = Math.min(stage.seconds, left);
    const reached = stage.seconds === 0 ? stage.ratePerSecond : before + ((stage.ratePerSecond - before) * part) / stage.seconds;
    offered += ((before + reached) / 2) * part;
    before = stage.ratePerSecond;
    left -= part;
  }
  return offered;
}

export function plannedSeconds(stages: readonly LoadStage[]): number {
  return stages.reduce((total, stage) => total + stage.seconds, 0);
}

export function peakRatePerSecond(stages: readonly LoadStage[]): number {
  return Math.max(0, ...stages.map((stage) => stage.ratePerSecond));
}
