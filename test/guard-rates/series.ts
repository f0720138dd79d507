// Requests of a version over time, with errors (or slow requests) that come one by one, in bursts, or from one pod. Seeded: the same every time.

export type Random = () => number;

/** Mulberry32 (T. Ettinger, public domain): 2^32 values, enough for some millions of draws per run. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `bad pod`: one by one, all of them of one pod. */
export type Pattern = 'one by one' | 'bad pod' | { burst: number };

export const patterns: readonly Pattern[] = ['one by one', { burst: 5 }, { burst: 20 }, { burst: 100 }, 'bad pod'];
export const nameOf = (pattern: Pattern): string => (typeof pattern === 'string' ? pattern : `bursts of ${pattern.burst}`);

const PODS = 3;
export const SAMPLE_S = 5;

export interface Version {
  requestsPerSecond: number;
  pattern: Pattern;
  /** Share of requests that are bad, 0-1; from `onset` on another one. */
  share: number;
  onset?: { atS: number; share: number };
  /** Pods are scraped at times of their own within the five seconds between two samples, and not all at once. */
  spreadScrapes?: boolean;
}

export interface PodCounts {
  requests: number;
  bad: number;
}

/** Counts of each pod in each sample. A burst is `burst` requests in a row that are all bad. */
export function play(random: Random, version: Version, seconds: number): PodCounts[][] {
  const { requestsPerSecond, pattern } = version;
  const samples = Math.floor(seconds / SAMPLE_S);
  const each = requestsPerSecond * SAMPLE_S;
  const bad = Array.from({ length: samples }, () => Array.from({ length: PODS }, () => 0));
  const delaysS = Array.from({ length: PODS }, () => (version.spreadScrapes === true ? random() * SAMPLE_S : 0));
  const burst = typeof pattern === 'string' ? 1 : pattern.burst;
  for (const { fromS, toS, share } of stretches(version, seconds)) {
    const startsPerSecond = (share * requestsPerSecond) / burst;
    for (let atS = fromS; ;) {
      atS += -Math.log(1 - random()) / startsPerSecond;
      if (!(atS < toS)) break;
      for (let request = 0; request < burst; request += 1) {
        const pod = pattern === 'bad pod' ? 0 : Math.floor(random() * PODS);
        const sample = Math.floor((atS + request / requestsPerSecond + (delaysS[pod] as number)) / SAMPLE_S);
        const counts = bad[sample];
        if (counts) counts[pod] = (counts[pod] as number) + 1;
      }
    }
  }
  return bad.map((counts) => inPods(counts, each));
}

function stretches({ share, onset }: Version, seconds: number): { fromS: number; toS: number; share: number }[] {
  if (onset === undefined) return [{ fromS: 0, toS: seconds, share }];
  return [
    { fromS: 0, toS: onset.atS, share },
    { fromS: onset.atS, toS: seconds, share: onset.share },
  ];
}

/** Requests are spread evenly. A pod that is bad more often than it was asked, as bursts of a whole sample may, has been asked more. */
function inPods(bad: readonly number[], each: number): PodCounts[] {
  return bad.map((count, pod) => ({ requests: Math.max(count, Math.floor((each + pod) / PODS)), bad: count }));
}

export const totals = (pods: readonly PodCounts[]): PodCounts => ({
  requests: pods.reduce((sum, { requests }) => sum + requests, 0),
  bad: pods.reduce((sum, each) => sum + each.bad, 0),
});
