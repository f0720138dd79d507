// When the checkpoints of a release are due. Pure and free of zod: the countdown plans and re-plans with it.
import { durationMs, readDuration } from './duration.ts';
import { launchTimeMs } from './launch-time.ts';
import type { Release } from './release.ts';

export interface PlannedCheckpoint {
  name: string;
  /** As the release writes it: `T-72h`. */
  offset: string;
  /** Before launch; 0 for `T-0`. */
  offsetMs: number;
  /** Milliseconds since 1970, UTC. */
  atMs: number;
}

export interface Plan {
  launchAtMs: number;
  /** Earliest first. */
  checkpoints: PlannedCheckpoint[];
}

/** For editors (JSON Schema): `T-72h`, `T-1h30m`, `T-0`. */
export const OFFSET_PATTERN = String.raw`^T-(0|([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+)$`;

/** The plan of a release whose countdown starts at `startMs` (which decides only where the release says `countdown`, not `launchAt`). */
export function planOf(release: Release, startMs: number): Plan {
  const { countdown, launchAt, checkpoints } = release.spec;
  const planned = checkpoints.map(({ name, at }) => ({ name, offset: at, offsetMs: offsetMs(at), atMs: 0 }));
  const launchAtMs = countdown === undefined ? launchTimeMs(launchAt ?? '') : startMs + durationMs(countdown);
  return replan({ launchAtMs, checkpoints: planned.sort((a, b) => b.offsetMs - a.offsetMs) }, launchAtMs);
}

/** The same plan for another launch time: every checkpoint keeps its distance to the launch. */
export function replan(plan: Plan, newLaunchAtMs: number): Plan {
  return {
    launchAtMs: newLaunchAtMs,
    checkpoints: plan.checkpoints.map((checkpoint) => ({ ...checkpoint, atMs: newLaunchAtMs - checkpoint.offsetMs })),
  };
}

/** Checkpoints whose time is already over at `nowMs`: a start with any of them must be refused, for their work would be skipped or late. */
export function lateCheckpoints(plan: Plan, nowMs: number): PlannedCheckpoint[] {
  return plan.checkpoints.filter(({ atMs }) => atMs < nowMs);
}

export type OffsetReading = { ok: true; ms: number } | { ok: false; why: string };

/** Reads `T-72h` as milliseconds before launch; otherwise says in words what is wrong with the text. */
export function readOffset(text: string): OffsetReading {
  const hint = 'write a time before launch such as T-72h, T-1h30m or T-0';
  if (text === 'T-0') return { ok: true, ms: 0 };
  if (text.startsWith('T+')) return { ok: false, why: `"${text}" lies after the launch, where a guard step watches; ${hint}` };
  const length = text.slice(2);
  const reading = text.startsWith('T-') ? readDuration(length) : null;
  if (!reading) return { ok: false, why: `"${text.slice(0, 40)}" is not a time before launch; ${hint}` };
  if (reading.ok) return reading;
  const why = reading.why.slice(0, reading.why.lastIndexOf('; ')).replace(`"${length}"`, () => `"${text}"`);
  return { ok: false, why: `${why}; ${hint}` };
}

function offsetMs(text: string): number {
  const reading = readOffset(text);
  if (!reading.ok) throw new RangeError(reading.why);
  return reading.ms;
}
