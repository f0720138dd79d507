// Shares (percent) as text. Free of zod.

/** For editors (JSON Schema): `0.1%`, `95%`. */
export const SHARE_PATTERN = String.raw`^[0-9]+(\.[0-9]+)?%$`;

export type ShareReading = { ok: true; percent: number } | { ok: false; reason: string };

/** Reads `0.1%` as 0.1 (0-100); or answers why the text is not a share. */
export function readShare(text: string): ShareReading {
  const refuse = (reason: string): ShareReading => ({ ok: false, reason: `${reason}; write a share such as 0.1% or 95%` });
  if (text.length > 40) return refuse('this is too long for a share');
  const part = /^([0-9]+(?:\.[0-9]+)?)\s?([a-zA-Z%/]*)$/.exec(text);
  if (!part) return refuse(text.trim() === '' ? 'this is empty' : `"${text}" is not a share`);
  const [, amount = '', unit = ''] = part;
  if (unit === '') return refuse(`"${text}" has no unit`);
  if (unit !== '%') return refuse(`"${text}" has the wrong unit "${unit}"`);
  if (text !== `${amount}%`) return refuse(`"${text}" has a space in it`);
  const percent = Number(amount);
  if (percent > 100) return { ok: false, reason: `"${text}" is above 100%; write a share from 0% to 100%` };
  return { ok: true, percent };
}

/** Percent (0-100) of a text from a checked file. Throws RangeError if it is not a share. */
export function sharePercent(text: string): number {
  const reading = readShare(text);
  if (!reading.ok) throw new RangeError(reading.reason);
  return reading.percent;
}
