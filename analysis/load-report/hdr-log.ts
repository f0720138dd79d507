// HdrHistogram interval logs (V2, `.hlog`): one compressed histogram per interval, with an optional tag.
import { inflateSync } from 'node:zlib';
import { size } from '../../verdict/wording/index.ts';
import { HistogramLogReader, type Histogram } from 'hdr-histogram-js';
import { UnreadableEvidence } from '../analysis.ts';

export interface HdrInterval {
  /** Null without a tag. */
  tag: string | null;
  startSeconds: number;
  histogram: Histogram;
}

/** Counts with three digits over all 64 bits are at most half a megabyte, nine bytes each; an interval of a service has a few kilobytes. */
const MAX_INTERVAL_BYTES = 4 * 1024 * 1024;

/** Cookie and length precede the compressed bytes. */
const HEAD_BYTES = 8;

/**
 * Reads the intervals of a log one by one: an hour of seconds takes a gigabyte at once. Returns the start of the recording, in seconds
 * since 1970 or as the log counts them. Throws UnreadableEvidence with the line of a malformed or too large interval.
 */
export function readHdrLog(text: string, each: (interval: HdrInterval) => void): number {
  text.split(LINE_END).forEach(assertBounded);
  const reader = new HistogramLogReader(text, 64);
  for (let histogram = next(reader); histogram !== null; histogram = next(reader)) {
    const tag = histogram.tag === '' || histogram.tag === 'NO TAG' ? null : (histogram.tag ?? null);
    each({ tag, startSeconds: histogram.startTimeStampMsec / 1000, histogram });
  }
  return reader.startTimeSec;
}

/** The same line ends as in the library. */
const LINE_END = /\r\n|\r|\n/u;

/** The library decompresses any line: 1,000 bytes can become a megabyte. */
function assertBounded(line: string, index: number): void {
  if (line.startsWith('#') || line.startsWith('"')) return;
  const cells = line.split(',');
  if (cells[0]?.startsWith('Tag=')) cells.shift();
  const packed = Buffer.from(cells[3] ?? '', 'base64').subarray(HEAD_BYTES);
  try {
    inflateSync(packed, { maxOutputLength: MAX_INTERVAL_BYTES });
  } catch (cause) {
    // Damaged bytes are refused by the reader, with the same line.
    if ((cause as { code?: unknown }).code !== 'ERR_BUFFER_TOO_LARGE') return;
    const limit = size(MAX_INTERVAL_BYTES);
    throw new UnreadableEvidence(
      `the interval is larger than ${limit} decompressed`,
      `line ${index + 1}`,
      'record the log with fewer digits',
    );
  }
}

function next(reader: HistogramLogReader): Histogram | null {
  try {
    return reader.nextIntervalHistogram();
  } catch {
    throw new UnreadableEvidence(
      'not an interval of a histogram log',
      `line ${Math.max(1, reader.currentLineIndex)}`,
      'record the log again',
    );
  }
}
