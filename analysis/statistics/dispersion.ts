// Errors and slow requests come in bursts. The burst size is estimated from how unequal windows are: n requests in bursts of d bound a
// share like n / d independent ones (effective requests, the design effect of cluster sampling: L. Kish, Survey Sampling, 1965).

/** Requests of one window, and how many of them failed or were slow. */
export interface WindowCounts {
  requests: number;
  bad: number;
}

/** Sums that are enough to judge any number of windows, so that a watch of a day stays small. */
export interface WindowSums extends WindowCounts {
  windows: number;
  requestsSquared: number;
  badSquared: number;
  requestsTimesBad: number;
  /** Products of each window with the next one: requests, bad, and one with the other both ways. */
  requestsNext: number;
  badNext: number;
  mixedNext: number;
  last: WindowCounts | null;
}

export const NO_WINDOWS: WindowSums = {
  windows: 0,
  requests: 0,
  bad: 0,
  requestsSquared: 0,
  badSquared: 0,
  requestsTimesBad: 0,
  requestsNext: 0,
  badNext: 0,
  mixedNext: 0,
  last: null,
};

/** The sums with one more window, which follows the others. */
export function addWindow(sums: WindowSums, { requests, bad }: WindowCounts): WindowSums {
  const before = sums.last ?? { requests: 0, bad: 0 };
  return {
    windows: sums.windows + 1,
    requests: sums.requests + requests,
    bad: sums.bad + bad,
    requestsSquared: sums.requestsSquared + requests * requests,
    badSquared: sums.badSquared + bad * bad,
    requestsTimesBad: sums.requestsTimesBad + requests * bad,
    requestsNext: sums.requestsNext + before.requests * requests,
    badNext: sums.badNext + before.bad * bad,
    mixedNext: sums.mixedNext + before.requests * bad + before.bad * requests,
    last: { requests, bad },
  };
}

/**
 * Size of the bursts of bad requests, at least 1, if `share` (0-1) of all were bad: the variance of windows around that share, over that of
 * independent requests. Neighbours are not combined: consecutive windows above the share are what a failing version shows.
 */
export function burstSizeAround(sums: WindowSums, share: number): number {
  return sums.bad === 0 ? 1 : Math.max(1, spreadAround(sums, share) / sums.bad);
}

/**
 * Size of the bursts of bad requests, at least 1, around the measured share. A burst is in at most two windows, so the covariance of
 * neighbours counts in full: the size does not depend on where windows start.
 */
export function burstSize(sums: WindowSums): number {
  const { windows, requests, bad } = sums;
  if (windows < 2 || bad === 0) return 1;
  const share = bad / requests;
  const ofNeighbours = sums.badNext - share * sums.mixedNext + share * share * sums.requestsNext;
  const spread = spreadAround(sums, share) + 2 * Math.max(0, ofNeighbours);
  return Math.max(1, (spread / bad) * (windows / (windows - 1)));
}

const spreadAround = ({ requestsSquared, badSquared, requestsTimesBad }: WindowSums, share: number): number =>
  badSquared - 2 * share * requestsTimesBad + share * share * requestsSquared;

/** A burst across window edges is combined over up to this many windows, with falling weight (Bartlett). */
const LAGS = 2;

/**
 * Size of the bursts of bad requests, at least 1, from all windows of a run (W. K. Newey and K. D. West, 1987). The seconds of a load test
 * may be shorter than a burst, so it has more lags than `burstSize`, whose sums must stay small.
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

/** Throws RangeError unless a burst has at least one request. */
export function assertBurst(size: number): void {
  if (!(size >= 1)) throw new RangeError(`a burst holds at least 1, not ${size}`);
}
