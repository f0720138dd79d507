// When the checkpoints of a release are due. Pure and free of zod: the countdown plans and re-plans with it.
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

/** The plan of a release whose countdown starts at `startMs` (used only if the release has `countdown` instead of `launchAt`). */
export function planOf(release: Release, startMs: number): Plan {
  const { spec } = release;
  const planned = spec.checkpoints.map(({ name, at, offsetMs }) => ({ name, offset: at, offsetMs, atMs: 0 }));
  const launchAtMs = spec.launchAtMs === undefined ? startMs + spec.countdownMs : spec.launchAtMs;
  return replan({ launchAtMs, checkpoints: planned.sort((a, b) => b.offsetMs - a.offsetMs) }, launchAtMs);
}

/** The same plan for another launch time: every checkpoint keeps its offset. */
export function replan(plan: Plan, newLaunchAtMs: number): Plan {
  return {
    launchAtMs: newLaunchAtMs,
    checkpoints: plan.checkpoints.map((checkpoint) => ({ ...checkpoint, atMs: newLaunchAtMs - checkpoint.offsetMs })),
  };
}

/** Checkpoints that were due before `nowMs`. A start with any of them is refused, because their steps would be skipped or late. */
export function lateCheckpoints(plan: Plan, nowMs: number): PlannedCheckpoint[] {
  return plan.checkpoints.filter(({ atMs }) => atMs < nowMs);
}
