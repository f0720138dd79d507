// HdrHistogram interval logs (V2, `.hlog`): one compressed histogram per interval, each maybe with a tag.
import { inflateSync } from 'node:zlib';
import { size } from '../../verdict/wording/index.ts';
import { HistogramLogReader, type Histogram } from 'hdr-histogram-js';
import { UnreadableEvidence } from '../analysis.ts';

export interface HdrInterval {
  /** Null where the log gives none. */
  tag: string | null;
  startSeconds: number;
  histogram: Histogram;
}

/** The counts of three digits over all 64 bits are half a megabyte at most, nine bytes each; an interval of a service has a few kilobytes. */
const INTERVAL_LIMIT_BYTES = 4 * 1024 * 1024;

/** Cookie and length stand before the packed bytes. */
const HEAD_BYTES = 8;

/**
 * Hands on the intervals of a log one by one: an hour of seconds held at once takes a gigabyte. Answers when recording began, in seconds
 * since 1970 or as the log counts them. Throws UnreadableEvidence naming the line that is no interval, or too large a one.
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

/** As the reader of the library splits them. */
const LINE_END = /\r\n|\r|\n/u;

/** The library unpacks a line whatever it holds: 1,000 bytes can become a megabyte. */
function assertBounded(line: string, index: number): void {
  if (line.startsWith('#') || line.startsWith('"')) return;
  const cells = line.split(',');
  if (cells[0]?.startsWith('Tag=')) cells.shift();
  const packed = Buffer.from(cells[3] ?? '', 'base64').subarray(HEAD_BYTES);
  try {
    inflateSync(packed, { maxOutputLength: INTERVAL_LIMIT_BYTES });
  } catch (cause) {
    // Damaged bytes are told by the reader, with the same line.
    if ((cause as { code?: unknown }).code !== 'ERR_BUFFER_TOO_LARGE') return;
    const limit = size(INTERVAL_LIMIT_BYTES);
    throw new UnreadableEvidence(`unpacked this interval is larger than ${limit}`, `line ${index + 1}`, 'record the log with fewer digits');
  }
}

function next(reader: HistogramLogReader): Histogram | null {
  try {
    return reader.nextIntervalHistogram();
  } catch {
    throw new UnreadableEvidence(
      'this is no interval of a histogram log',
      `line ${Math.max(1, reader.currentLineIndex)}`,
      'record the log again',
    );
  }
}
