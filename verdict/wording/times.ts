// Times, durations and the clock of a countdown as text. Rules: index.ts.
import { fixed, latency } from './numbers.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** `2026-11-24 09:00 UTC`, for what is planned. Takes RFC 3339 or milliseconds since 1970. */
export function time(at: string | number): string {
  const text = eventTime(at);
  return text.replace(/:00 UTC$/, ' UTC');
}

/** `2026-11-24 09:00:41 UTC`, for what happened. What is not a time stays as it is. */
export function eventTime(at: string | number): string {
  const ms = typeof at === 'number' ? at : Date.parse(at);
  if (!Number.isFinite(ms)) return String(at);
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `734 ms`, `9.4 s`, `31 m 20 s`, `72 h`, `4 d 2 h`. Takes milliseconds; a negative duration is written as its length. */
export const duration = (ms: number): string => inUnits(Math.abs(ms), Math.round);

/** `in 2 h 10 m`, `41 s ago`, or `now` within a second. */
export function relativeTime(at: string | number, nowMs: number): string {
  const ms = (typeof at === 'number' ? at : Date.parse(at)) - nowMs;
  const whole = SECOND * Math.floor(Math.abs(ms) / SECOND);
  if (whole === 0) return 'now';
  // Cut, so that the time left never reads longer than it is.
  const text = inUnits(whole, Math.floor);
  return ms >= 0 ? `in ${text}` : `${text} ago`;
}

/** `T-23:41:07`, `T+00:00:12`. */
export function clock(launchAt: string | number, nowMs: number): string {
  const ms = (typeof launchAt === 'number' ? launchAt : Date.parse(launchAt)) - nowMs;
  const seconds = Math.floor(Math.abs(ms) / SECOND);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `T${ms >= 0 ? '-' : '+'}${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Plans are written in hours up to this (`T-72h`). */
const MAX_HOURS = 72;

function inUnits(ms: number, toWhole: (value: number) => number): string {
  if (!Number.isFinite(ms)) return 'unknown';
  if (ms === 0) return '0 s';
  if (ms < 999.5) return latency(ms);
  const tenths = toWhole(ms / 100);
  if (tenths < 600) return `${fixed(tenths / 10, 1)} s`;
  const seconds = toWhole(ms / SECOND);
  if (seconds < 3_600) return pair(seconds, 60, 'm', 's');
  const minutes = toWhole(ms / MINUTE);
  if (minutes < 60 * (MAX_HOURS + 1)) return pair(minutes, 60, 'h', 'm');
  return pair(toWhole(ms / HOUR), 24, 'd', 'h');
}

/** `2 h 10 m`, and `2 h` where nothing is left over. */
function pair(value: number, per: number, large: string, small: string): string {
  const rest = value % per;
  return `${fixed(Math.floor(value / per), 0)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}
