// Durations as text. Free of zod, because the server and the CLI read durations too.

/** Longest duration in a file: sums stay exact in milliseconds. */
const MAX_DURATION_MS = 365 * 86_400_000;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof unitMs;

/** For editors (JSON Schema): `300ms`, `90s`, `1h30m`, `1.5s`. `readDuration` gives the reasons. */
export const DURATION_PATTERN = String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$`;

export type DurationReading = { ok: true; ms: number } | { ok: false; reason: string };

/** Reads `300ms`, `90s`, `1h30m`, `3d`, or answers why the text is not a duration. */
export function readDuration(text: string): DurationReading {
  const refuse = (reason: string): DurationReading => ({
    ok: false,
    reason: `${reason}; write a duration such as 300ms, 90s, 30m, 6h or 3d`,
  });
  if (text.length > 40) return refuse('this is too long for a duration');
  if (text.trim() === '') return refuse('this is empty');
  if (/^[0-9.]+$/.test(text)) return refuse(`"${text}" has no unit`);
  let ms = 0;
  let rest = text;
  while (rest !== '') {
    const part = /^([0-9]+(?:\.[0-9]+)?)([a-zA-Zµ%]*)/.exec(rest);
    if (!part) return refuse(`"${text}" is not a duration`);
    const [whole, amount = '', unit = ''] = part;
    if (!isUnit(unit)) return refuse(unit === '' ? `"${text}" is not a duration` : `"${text}" has an unknown unit "${unit}"`);
    ms += Number(amount) * unitMs[unit];
    rest = rest.slice(whole.length);
  }
  if (ms > MAX_DURATION_MS) return { ok: false, reason: `"${text}" is too long; the longest duration is ${MAX_DURATION_MS / unitMs.d}d` };
  return { ok: true, ms: Math.round(ms) };
}

/** Milliseconds of a text from a checked file. Throws RangeError if it is not a duration. */
export function durationMs(text: string): number {
  const reading = readDuration(text);
  if (!reading.ok) throw new RangeError(reading.reason);
  return reading.ms;
}

function isUnit(text: string): text is Unit {
  return Object.hasOwn(unitMs, text);
}
