// Launch times as text (RFC 3339 with a time zone). Free of zod.

/** For editors (JSON Schema): `2026-11-25T09:00:00Z`, `2026-11-25T17:00:00+08:00`. */
export const LAUNCH_TIME_PATTERN = String.raw`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$`;

const shape = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?$/;

export type LaunchTimeReading = { ok: true; ms: number } | { ok: false; reason: string };

/** Reads an RFC 3339 timestamp, or answers why it is refused. A time zone is required, because the readers are in several. */
export function readLaunchTime(text: string): LaunchTimeReading {
  const refuse = (reason: string): LaunchTimeReading => ({
    ok: false,
    reason: `${reason}; write a time with its zone such as 2026-11-25T09:00:00Z or 2026-11-25T17:00:00+08:00`,
  });
  const parts = text.length <= 40 ? shape.exec(text) : null;
  if (!parts) return refuse(`"${text.slice(0, 40)}" is not a date and time`);
  const [, year, month, day, hour, minute, second, zone] = parts;
  if (zone === undefined) return refuse(`"${text}" has no time zone`);
  if (second === undefined) return refuse(`"${text}" has no seconds`);
  const zoneFits = /^[Zz]$/.test(zone) || (Number(zone.slice(1, 3)) < 24 && Number(zone.slice(4)) < 60);
  // Date.UTC turns 30 February into March, so the result is compared with the text.
  const written = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)));
  const exists =
    written.getUTCMonth() === Number(month) - 1 && written.getUTCDate() === Number(day) && written.getUTCMinutes() === Number(minute);
  if (!exists || Number(hour) > 23 || Number(second) > 59 || !zoneFits) return refuse(`"${text}" does not exist in the calendar`);
  return { ok: true, ms: Date.parse(text.replace(' ', 'T').toUpperCase()) };
}

/** Milliseconds since 1970 of a text from a checked file. Throws RangeError if it is not a timestamp. */
export function launchTimeMs(text: string): number {
  const reading = readLaunchTime(text);
  if (!reading.ok) throw new RangeError(reading.reason);
  return reading.ms;
}
