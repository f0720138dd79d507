// Times as people read them: absolute in UTC, and how far away they are.
import type { ShownStatus } from '../shown-status.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * The clock a countdown lives on, as RFC 3339: ours, for its own `now` is that of its last event and may be days old; but a
 * rehearsal's own virtual one, and after the end the time of the end.
 */
export function clockOf({ rehearsal, now, endedAt }: Pick<ShownStatus, 'rehearsal' | 'now' | 'endedAt'>, wallMs: number): string {
  return endedAt ?? (rehearsal ? now : new Date(wallMs).toISOString());
}

/** `2026-11-25 09:00 UTC`, with seconds where there are any. */
export function utc(iso: string): string {
  const seconds = iso.slice(17, 19);
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}${seconds === '00' ? '' : `:${seconds}`} UTC`;
}

/** A sentence with its RFC 3339 times as people read them. */
export function withUtc(sentence: string): string {
  return sentence.replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g, utc);
}

/** `T-23:41:07`, `T+00:00:12`: hours may exceed 24. */
export function clock(nowIso: string, launchIso: string): string {
  const ms = Date.parse(launchIso) - Date.parse(nowIso);
  const total = Math.floor(Math.abs(ms) / SECOND);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `T${ms >= 0 ? '-' : '+'}${two(Math.floor(total / 3600))}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
}

/** `3 d 02 h`, `2 h 10 m`, `31 m`, `1 m 35 s`, `42 s`, `0.3 s`. */
export function span(ms: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  if (ms >= 4 * DAY) return `${Math.floor(ms / DAY)} d ${two(Math.floor(ms / HOUR) % 24)} h`;
  if (ms >= HOUR) return `${Math.floor(ms / HOUR)} h ${two(Math.floor(ms / MINUTE) % 60)} m`;
  if (ms >= 10 * MINUTE) return `${Math.floor(ms / MINUTE)} m`;
  if (ms >= MINUTE) return `${Math.floor(ms / MINUTE)} m ${two(Math.floor(ms / SECOND) % 60)} s`;
  return ms >= 10 * SECOND ? `${Math.floor(ms / SECOND)} s` : `${(Math.max(0, ms) / SECOND).toFixed(1)} s`;
}

/** `in 2 h 10 m`, `31 m ago` or `now`. */
export function relative(iso: string, nowIso: string): string {
  const ms = Date.parse(iso) - Date.parse(nowIso);
  if (Math.abs(ms) < SECOND / 2) return 'now';
  return ms >= 0 ? `in ${span(ms)}` : `${span(-ms)} ago`;
}
