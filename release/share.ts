// Shares of a whole as people write them. Free of zod: workflows and analyses read shares with it too.

/** For editors (JSON Schema): `0.1%`, `95%`. */
export const SHARE_PATTERN = String.raw`^[0-9]+(\.[0-9]+)?%$`;

export type ShareReading = { ok: true; percent: number } | { ok: false; why: string };

/** Reads `0.1%` as 0.1 (0-100); otherwise says in words what is wrong with the text. */
export function readShare(text: string): ShareReading {
  const refuse = (why: string): ShareReading => ({ ok: false, why: `${why}; write a share such as 0.1% or 95%` });
  if (text.length > 40) return refuse('this is too long for a share');
  const part = /^([0-9]+(?:\.[0-9]+)?)\s?([a-zA-Z%/]*)$/.exec(text);
  if (!part) return refuse(text.trim() === '' ? 'this is empty' : `"${text}" is not a share`);
  const [, amount = '', unit = ''] = part;
  if (unit === '') return refuse(`"${text}" has no unit`);
  if (unit !== '%') return refuse(`"${text}" has the wrong unit "${unit}"`);
  if (text !== `${amount}%`) return refuse(`"${text}" has a space in it`);
  const percent = Number(amount);
  if (percent > 100) return { ok: false, why: `"${text}" is more than the whole; a share lies between 0% and 100%` };
  return { ok: true, percent };
}

/** Percent (0-100) of a text that was read from a checked file. Throws RangeError with a sentence when it is no share. */
export function sharePercent(text: string): number {
  const reading = readShare(text);
  if (!reading.ok) throw new RangeError(reading.why);
  return reading.percent;
}
