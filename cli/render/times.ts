// Times as people read them: absolute in UTC, and how far away they are.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** `2026-11-25 09:00:12 UTC`. */
export const utc = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;

/** `T-23:41:07`, `T+00:00:12`: hours may exceed 24. */
export function clock(nowIso: string, launchIso: string): string {
  const ms = Date.parse(launchIso) - Date.parse(nowIso);
  const total = Math.floor(Math.abs(ms) / SECOND);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `T${ms >= 0 ? '-' : '+'}${two(Math.floor(total / 3600))}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
}

/** `2 h 10 m`, `31 m`, `42 s`, `0.3 s`. */
export function span(ms: number): string {
  if (ms >= HOUR) return `${Math.floor(ms / HOUR)} h ${String(Math.floor(ms / MINUTE) % 60).padStart(2, '0')} m`;
  if (ms >= 10 * MINUTE) return `${Math.floor(ms / MINUTE)} m`;
  if (ms >= MINUTE) return `${Math.floor(ms / MINUTE)} m ${String(Math.floor(ms / SECOND) % 60).padStart(2, '0')} s`;
  return ms >= 10 * SECOND ? `${Math.round(ms / SECOND)} s` : `${(ms / SECOND).toFixed(1)} s`;
}

/** `in 2 h 10 m` or `31 m ago`. */
export function relative(iso: string, nowIso: string): string {
  const ms = Date.parse(iso) - Date.parse(nowIso);
  return ms >= 0 ? `in ${span(ms)}` : `${span(-ms)} ago`;
}
