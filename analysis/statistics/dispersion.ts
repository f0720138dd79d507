// Errors and slow requests come in bursts: a pause, a lost connection, a dependency that restarts. How many of them count as one is read from
// how unequal windows are. n requests in bursts of d say about a share what n / d independent ones say (the design effect of burst sampling:
// L. Kish, Survey Sampling, 1965).

/** Requests of one window, and those of them that failed or were slow. */
export interface WindowCounts {
  requests: number;
  bad: number;
}

/** Sums that any number of windows are judged by: small, so that a watch of a day can carry them. */
export interface WindowSums extends WindowCounts {
  windows: number;
  requestsSquared: number;
  badSquared: number;
  requestsTimesBad: number;
}

export const NO_WINDOWS: WindowSums = { windows: 0, requests: 0, bad: 0, requestsSquared: 0, badSquared: 0, requestsTimesBad: 0 };

/** The sums with one window more. */
export function addWindow(sums: WindowSums, { requests, bad }: WindowCounts): WindowSums {
  return {
    windows: sums.windows + 1,
    requests: sums.requests + requests,
    bad: sums.bad + bad,
    requestsSquared: sums.requestsSquared + requests * requests,
    badSquared: sums.badSquared + bad * bad,
    requestsTimesBad: sums.requestsTimesBad + requests * bad,
  };
}

/**
 * Size of the bursts in which bad come, at least 1, if bad were `share` (0-1) of requests: the spread of windows around that share, over the
 * spread that independent bad would have. Windows that are all far above the share count as large bursts; only their number speaks against it.
 */
export function burstSizeAround(sums: WindowSums, share: number): number {
  return sums.bad === 0 ? 1 : Math.max(1, spreadAround(sums, share) / sums.bad);
}

/** Size of the bursts in which bad come, at least 1, around the share that was measured. */
export function burstSize(sums: WindowSums): number {
  const { windows, requests, bad } = sums;
  if (windows < 2 || bad === 0) return 1;
  return Math.max(1, (spreadAround(sums, bad / requests) / bad) * (windows / (windows - 1)));
}

const spreadAround = ({ requestsSquared, badSquared, requestsTimesBad }: WindowSums, share: number): number =>
  badSquared - 2 * share * requestsTimesBad + share * share * requestsSquared;

/** A burst that lies across the edges of windows is counted together up to this many windows later, and less the later (Bartlett's weights). */
const LAGS = 2;

/**
 * Size of the bursts in which bad come, at least 1, from windows that follow each other: as `burstSize`, with the covariance of neighbours
 * (W. K. Newey and K. D. West, 1987), for bursts that are longer than a window or cross its edge.
 */
export function serialBurstSize(windows: readonly WindowCounts[]): number {
  const requests = windows.reduce((sum, each) => sum + each.requests, 0);
  const bad = windows.reduce((sum, each) => sum + each.bad, 0);
  if (windows.length < 2 || bad === 0) return 1;
  const excess = windows.map((each) => each.bad - (each.requests * bad) / requests);
  let spread = excess.reduce((sum, value) => sum + value * value, 0);
  for (let lag = 1; lag <= LAGS; lag += 1) {
    const covariance = excess.slice(lag).reduce((sum, value, at) => sum + value * (excess[at] as number), 0);
    spread += 2 * (1 - lag / (LAGS + 1)) * covariance;
  }
  return Math.max(1, (spread / bad) * (windows.length / (windows.length - 1)));
}
