// Decompresses bytes that may be gzip, within a size limit.
import { gunzipSync } from 'node:zlib';
import { size } from '../../verdict/wording/index.ts';
import { UnreadableEvidence } from '../analysis.ts';

/** A profile of 200,000 goroutines or of 64 busy cores has a few MB; larger evidence is not read as a whole. */
export const WHOLE_LIMIT_BYTES = 256 * 1024 * 1024;

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The bytes as they are, or decompressed where they are gzip. Throws UnreadableEvidence on a truncated or damaged stream, and on one larger
 * than `limitBytes`, compressed or not, so that memory stays within that.
 */
export function gunzipBounded(bytes: Uint8Array, limitBytes = WHOLE_LIMIT_BYTES): Uint8Array {
  const limit = size(limitBytes);
  if (bytes.length > limitBytes)
    throw new UnreadableEvidence(`the file is larger than ${limit}`, `byte ${limitBytes}`, 'capture a shorter period');
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new UnreadableEvidence(`the gzip stream is larger than ${limit} decompressed`, 'gzip', 'capture a shorter period');
    if (code === 'Z_BUF_ERROR')
      throw new UnreadableEvidence('the gzip stream is truncated', `byte ${bytes.length}`, 'capture it again, to its end');
    if (code?.startsWith('Z_') !== true) throw cause;
    // Messages of zlib differ between versions of Node, and findings are compared byte for byte.
    throw new UnreadableEvidence('the gzip stream is damaged', 'gzip', 'capture it again');
  }
}
