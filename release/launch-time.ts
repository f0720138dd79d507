// Moments as people write them (RFC 3339 with a zone). Free of zod.

/** For editors (JSON Schema): `2026-11-25T09:00:00Z`, `2026-11-25T17:00:00+08:00`. */
export const LAUNCH_TIME_PATTERN = String.raw`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$`;

const shape = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?$/;

export type LaunchTimeReading = { ok: true; ms: number } | { ok: false; why: string };

/** Reads an RFC 3339 moment; otherwise says in words what is wrong with the text. A moment without zone is refused: people sit in several. */
export function readLaunchTime(text: string): LaunchTimeReading {
  const refuse = (why: string): LaunchTimeReading => ({
    ok: false,
    why: `${why}; write a time with its zone such as 2026-11-25T09:00:00Z or 2026-11-25T17:00:00+08:00`,
  });
  const parts = text.length <= 40 ? shape.exec(text) : null;
  if (!parts) return refuse(`"${text.slice(0, 40)}" is not a date and time`);
  const [, year, month, day, hour, minute, second, zone] = parts;
  if (zone === undefined) return refuse(`"${text}" has no time zone`);
  if (second === undefined) return refuse(`"${text}" has no seconds`);
  const zoneFits = /^[Zz]$/.test(zone) || (Number(zone.slice(1, 3)) < 24 && Number(zone.slice(4)) < 60);
  // Date.UTC carries 30 February over into March, so what comes back is compared with what was written.
  const written = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)));
  const exists =
    written.getUTCMonth() === Number(month) - 1 && written.getUTCDate() === Number(day) && written.getUTCMinutes() === Number(minute);
  if (!exists || Number(hour) > 23 || Number(second) > 59 || !zoneFits) return refuse(`"${text}" does not exist in the calendar`);
  return { ok: true, ms: Date.parse(text.replace(' ', 'T').toUpperCase()) };
}

/** Milliseconds since 1970 of a text that was read from a checked file. Throws RangeError with a sentence when it is no moment. */
export function launchTimeMs(text: string): number {
  const reading = readLaunchTime(text);
  if (!reading.ok) throw new RangeError(reading.why);
  return reading.ms;
}
