// HdrHistogram interval logs (V2, `.hlog`): one compressed histogram per interval, each maybe with a tag.
import { build, HistogramLogReader, type Histogram } from 'hdr-histogram-js';
import { UnreadableEvidence } from '../analysis.ts';

export interface HdrInterval {
  /** Null where the log gives none. */
  tag: string | null;
  startSeconds: number;
  histogram: Histogram;
}

export interface HdrLog {
  /** When recording began, in seconds since 1970 or as the log counts them. */
  startSeconds: number;
  intervals: HdrInterval[];
}

/** A log and its intervals. Throws UnreadableEvidence naming the line that is none. */
export function readHdrLog(text: string): HdrLog {
  const lines = text.split('\n');
  const reader = new HistogramLogReader(text, 64);
  const intervals: HdrInterval[] = [];
  for (;;) {
    const histogram = next(reader);
    if (histogram === null) return { startSeconds: reader.startTimeSec, intervals };
    const tag = histogram.tag === '' || histogram.tag === 'NO TAG' ? null : (histogram.tag ?? null);
    intervals.push({ tag, startSeconds: histogram.startTimeStampMsec / 1000, histogram });
  }

  function next(from: HistogramLogReader): Histogram | null {
    try {
      return from.nextIntervalHistogram();
    } catch {
      const line = Math.min(lines.length, Math.max(1, from.currentLineIndex));
      throw new UnreadableEvidence('this is no interval of a histogram log', `line ${line}`, 'record the log again');
    }
  }
}

/** All intervals as one histogram; null where there is none. Percentiles are never averaged, histograms are added. */
export function wholeHistogram(intervals: readonly HdrInterval[]): Histogram | null {
  if (intervals.length === 0) return null;
  const whole = build();
  for (const { histogram } of intervals) whole.add(histogram);
  return whole;
}
