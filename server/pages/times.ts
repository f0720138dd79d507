import { markup, type Markup } from '../evidence/markup.ts';

/** `2026-11-24 09:00 UTC`: no locale, so that everybody in a call reads the same. */
export function utc(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

export function timeTag(iso: string): Markup {
  return markup`<time datetime="${iso}">${utc(iso)}</time>`;
}

/** With seconds, where the order of things matters: `2026-11-24 09:00:41`. */
export function exactTimeTag(iso: string): Markup {
  return markup`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
}

/** `T-23:41:07`, `T+00:00:09`: hours may exceed 99. */
export function countdownClock(launchAt: string, nowMs: number): string {
  const leftMs = Date.parse(launchAt) - nowMs;
  const seconds = Math.floor(Math.abs(leftMs) / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `T${leftMs > 0 ? '-' : '+'}${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** `2 h 10 m`, `41 s`: two units at most. */
export function span(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return joined([Math.floor(seconds / 60), 'm'], [seconds % 60, 's']);
  if (seconds < 48 * 3600) return joined([Math.floor(seconds / 3600), 'h'], [Math.floor(seconds / 60) % 60, 'm']);
  return joined([Math.floor(seconds / 86_400), 'd'], [Math.floor(seconds / 3600) % 24, 'h']);
}

const joined = (...parts: [number, string][]): string =>
  parts
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');

/** `in 2 h 10 m`, `41 s ago`. */
export function relative(iso: string, nowMs: number): string {
  const leftMs = Date.parse(iso) - nowMs;
  return leftMs >= 0 ? `in ${span(leftMs)}` : `${span(leftMs)} ago`;
}

/** The clock a countdown lives on: the server's, but a rehearsal's own, and after the end the time of the end. */
export function clockMs(status: { rehearsal: boolean; now: string; endedAt?: string }, nowMs: number): number {
  if (status.endedAt) return Date.parse(status.endedAt);
  return status.rehearsal ? Date.parse(status.now) : nowMs;
}
