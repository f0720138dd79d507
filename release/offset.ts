// Offsets of checkpoints: `T-72h` is 72 hours before the launch.
import { readDuration } from './duration.ts';

/** For editors (JSON Schema): `T-72h`, `T-1h30m`, `T-0`. */
export const OFFSET_PATTERN = String.raw`^T-(0|([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+)$`;

export type OffsetReading = { ok: true; ms: number } | { ok: false; reason: string };

/** Reads `T-72h` as milliseconds before launch, or answers reason it cannot be read. */
export function readOffset(text: string): OffsetReading {
  const hint = 'write a time before launch such as T-72h, T-1h30m or T-0';
  if (text === 'T-0') return { ok: true, ms: 0 };
  if (text.startsWith('T+')) return { ok: false, reason: `"${text}" is after the launch, where a guard step watches; ${hint}` };
  const length = text.slice(2);
  const reading = text.startsWith('T-') ? readDuration(length) : null;
  if (!reading) return { ok: false, reason: `"${text.slice(0, 40)}" is not a time before launch; ${hint}` };
  if (reading.ok) return reading;
  const reason = reading.reason.slice(0, reading.reason.lastIndexOf('; ')).replace(`"${length}"`, () => `"${text}"`);
  return { ok: false, reason: `${reason}; ${hint}` };
}

/** Milliseconds before launch of a text from a checked release file. */
export function offsetMs(text: string): number {
  const reading = readOffset(text);
  if (!reading.ok) throw new RangeError(reading.reason);
  return reading.ms;
}
