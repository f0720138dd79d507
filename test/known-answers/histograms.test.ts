import { expect, it } from '@jest/globals';
import { build } from 'hdr-histogram-js';
import { readHdrLog, type HdrInterval } from '../../analysis/load-report/hdr-log.ts';
import { MIN_COUNT_FOR_P99, upperTailBound } from '../../analysis/statistics/index.ts';
import { describeKnown, expected, knownText } from './folder.ts';

interface Known {
  'jHiccup-2.0.7S.logV2.hlog': { histograms: number; totalCount: number; p999: number; firstMean: number; firstStartSeconds: number };
  'tagged-Log.logV2.hlog': { tags: (string | null)[] };
  coordinatedOmission: { corrected: { count: number; p75S: number; p90S: number; p99S: number; relativeTolerance: number } };
  p99UpperBoundRank: { confidence: number; smallestN: number; rankByN: Record<string, number> };
}

describeKnown('histograms', () => {
  const known = expected('histograms') as Known;

  it('reads the intervals of an HdrHistogram log', () => {
    const { histograms, totalCount, p999, firstMean, firstStartSeconds } = known['jHiccup-2.0.7S.logV2.hlog'];
    const intervals: HdrInterval[] = [];
    const startSeconds = readHdrLog(knownText('histograms', 'jHiccup-2.0.7S.logV2.hlog'), (interval) => void intervals.push(interval));
    expect(intervals).toHaveLength(histograms);
    expect(startSeconds).toBeCloseTo(firstStartSeconds, 3);
    expect(Math.round(intervals[0]?.histogram.mean ?? 0)).toBe(firstMean);
    const whole = build();
    for (const { histogram } of intervals) whole.add(histogram);
    expect(whole.totalCount).toBe(totalCount);
    expect(whole.getValueAtPercentile(99.9)).toBe(p999);
  });

  it('reads tags', () => {
    const tags = new Set<string | null>();
    readHdrLog(knownText('histograms', 'tagged-Log.logV2.hlog'), ({ tag }) => void tags.add(tag));
    expect([...tags]).toEqual(known['tagged-Log.logV2.hlog'].tags);
  });

  it('corrects a closed-model run for what it left out', () => {
    const { count, p75S, p90S, p99S, relativeTolerance } = known.coordinatedOmission.corrected;
    const histogram = build({ numberOfSignificantValueDigits: 3, highestTrackableValue: 3_600_000_000 });
    histogram.recordValueWithCount(1_000, 10_000);
    histogram.recordValueWithExpectedInterval(100_000_000, 10_000);
    expect(histogram.totalCount).toBe(count);
    for (const [percentile, seconds] of [
      [75, p75S],
      [90, p90S],
      [99, p99S],
    ] as const)
      expect(Math.abs(histogram.getValueAtPercentile(percentile) / 1e6 / seconds - 1)).toBeLessThanOrEqual(relativeTolerance);
  });

  it('bounds a p99 by the rank of the table, and not below its smallest count', () => {
    const { confidence, smallestN, rankByN } = known.p99UpperBoundRank;
    expect(MIN_COUNT_FOR_P99).toBe(smallestN);
    expect(upperTailBound(smallestN - 1, { confidence })).toBeNull();
    for (const [n, rank] of Object.entries(rankByN)) expect(upperTailBound(Number(n), { confidence })).toBe(rank);
  });
});
