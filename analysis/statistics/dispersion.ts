// Errors and slow requests come in clusters: a pause, a lost connection, a dependency that restarts. How many of them count as one is read from
// how unequal windows are. n requests in clusters of d say about a share what n / d independent ones say (the design effect of cluster sampling:
// L. Kish, Survey Sampling, 1965).

/** Requests of one window, and those of them that failed or were slow. */
export interface WindowCounts {
  requests: number;
  hits: number;
}

/** Sums that any number of windows are judged by: small, so that a watch of a day can carry them. */
export interface WindowSums extends WindowCounts {
  windows: number;
  requestsSquared: number;
  hitsSquared: number;
  crossed: number;
}

export const NO_WINDOWS: WindowSums = { windows: 0, requests: 0, hits: 0, requestsSquared: 0, hitsSquared: 0, crossed: 0 };

/** The sums with one window more. */
export function addWindow(sums: WindowSums, { requests, hits }: WindowCounts): WindowSums {
  return {
    windows: sums.windows + 1,
    requests: sums.requests + requests,
    hits: sums.hits + hits,
    requestsSquared: sums.requestsSquared + requests * requests,
    hitsSquared: sums.hitsSquared + hits * hits,
    crossed: sums.crossed + requests * hits,
  };
}

/**
 * Size of the clusters in which hits come, at least 1, if hits were `share` (0-1) of requests: the spread of windows around that share, over the
 * spread that independent hits would have. Windows that are all far above the share count as large clusters; only their number speaks against it.
 */
export function clusterSizeAround(sums: WindowSums, share: number): number {
  return sums.hits === 0 ? 1 : Math.max(1, spreadAround(sums, share) / sums.hits);
}

/** Size of the clusters in which hits come, at least 1, around the share that was measured. */
export function clusterSize(sums: WindowSums): number {
  const { windows, requests, hits } = sums;
  if (windows < 2 || hits === 0) return 1;
  return Math.max(1, (spreadAround(sums, hits / requests) / hits) * (windows / (windows - 1)));
}

const spreadAround = ({ requestsSquared, hitsSquared, crossed }: WindowSums, share: number): number =>
  hitsSquared - 2 * share * crossed + share * share * requestsSquared;

/** A cluster that lies across the edges of windows is counted together up to this many windows later, and less the later (Bartlett's weights). */
const LAGS = 2;

/**
 * Size of the clusters in which hits come, at least 1, from windows that follow each other: as `clusterSize`, with the covariance of neighbours
 * (W. K. Newey and K. D. West, 1987), for clusters that are longer than a window or cross its edge.
 */
export function serialClusterSize(windows: readonly WindowCounts[]): number {
  const requests = windows.reduce((sum, each) => sum + each.requests, 0);
  const hits = windows.reduce((sum, each) => sum + each.hits, 0);
  if (windows.length < 2 || hits === 0) return 1;
  const excess = windows.map((each) => each.hits - (each.requests * hits) / requests);
  let spread = excess.reduce((sum, value) => sum + value * value, 0);
  for (let lag = 1; lag <= LAGS; lag += 1) {
    const covariance = excess.slice(lag).reduce((sum, value, at) => sum + value * (excess[at] as number), 0);
    spread += 2 * (1 - lag / (LAGS + 1)) * covariance;
  }
  return Math.max(1, (spread / hits) * (windows.length / (windows.length - 1)));
}
