// Bytes that may be gzip, unpacked whole and within a bound.
import { gunzipSync } from 'node:zlib';
import { UnreadableEvidence } from '../analysis.ts';

/** A profile of 200,000 goroutines or of 64 busy cores has a few MB; what is larger than this was not meant to be read whole. */
export const WHOLE_LIMIT_BYTES = 256 * 1024 * 1024;

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The bytes as they are, or unpacked where they are gzip. Throws UnreadableEvidence on a stream that ends early or is damaged, and on one
 * that holds, or unpacks to, more than `limitBytes`: memory stays within that.
 */
export function gunzipBounded(bytes: Uint8Array, limitBytes = WHOLE_LIMIT_BYTES): Uint8Array {
  const limit = `${Math.floor(limitBytes / 1024 / 1024)} MB`;
  if (bytes.length > limitBytes)
    throw new UnreadableEvidence(`this is larger than ${limit}`, `byte ${limitBytes}`, 'capture a shorter stretch of time');
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new UnreadableEvidence(`unpacked this gzip stream is larger than ${limit}`, 'gzip', 'capture a shorter stretch of time');
    if (code === 'Z_BUF_ERROR')
      throw new UnreadableEvidence('this gzip stream ends in the middle', `byte ${bytes.length}`, 'capture it again, to its end');
    if (code?.startsWith('Z_') !== true) throw cause;
    // zlib's own words differ between versions of Node, and findings are compared byte for byte.
    throw new UnreadableEvidence('this gzip stream is damaged', 'gzip', 'capture it again');
  }
}
