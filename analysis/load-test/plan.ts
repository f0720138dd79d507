// What a load test was meant to be, in numbers: the stages of offered load, and the limits.

/**
 * From the rate before (0 at the start) the offered load moves in a straight line to `ratePerSecond` over `seconds`; as k6's
 * ramping-arrival-rate does, and so in iterations: how many requests one sends is the script's affair.
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
  /** Least share of the offered load that must have been sent, 0-100. */
  deliveredPercent: number;
  /** Own limits of named endpoints (`POST /api/order/create`); what is left out is the general one. */
  endpoints: Record<string, Partial<EndpointLimits>>;
}

export function limitsOf(endpoint: string, limits: LoadLimits): EndpointLimits {
  const own = Object.hasOwn(limits.endpoints, endpoint) ? limits.endpoints[endpoint] : undefined;
  return { p99Ms: own?.p99Ms ?? limits.p99Ms, errorPercent: own?.errorPercent ?? limits.errorPercent };
}

/** How many iterations the stages offer in their first `seconds`; all of them by default. Exact (area of trapezoids), not rounded. */
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
