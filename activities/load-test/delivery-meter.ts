// Progress of the load: requested and delivered rate over the last few seconds.
import { offeredIterations, plannedSeconds, type LoadStage } from '../../analysis/load-test/plan.ts';
import { count, number } from '../../verdict/wording/index.ts';
import type { ActivityProgress } from '../running-activity.ts';

/** Short enough to follow a ramp, long enough to smooth out k6's output interval of 0.2 s. */
const WINDOW_MS = 5_000;

export interface DeliveryMeter {
  tick(): void;
  progress(): ActivityProgress;
}

export function deliveryMeter(
  stages: readonly LoadStage[],
  live: { readonly iterations: number; readonly dropped: number },
  nowMs: () => number = () => performance.now(),
): DeliveryMeter {
  const total = Math.round(plannedSeconds(stages));
  let ticks: { atMs: number; iterations: number }[] = [];
  let startedMs: number | null = null;

  function tick(): void {
    if (live.iterations === 0) return;
    const atMs = nowMs();
    // The load starts with the first completed iteration; before it k6 creates its virtual users.
    startedMs ??= atMs;
    ticks.push({ atMs, iterations: live.iterations });
    ticks = ticks.filter((each, i) => atMs - each.atMs <= WINDOW_MS || atMs - (ticks[i + 1]?.atMs ?? atMs) > WINDOW_MS);
  }

  return {
    tick,
    progress() {
      const first = ticks[0];
      const last = ticks.at(-1);
      if (startedMs === null || !first || !last || first === last) return { text: 'starting k6', done: 0, total, unit: 's' };
      const seconds = (last.atMs - first.atMs) / 1_000;
      const until = (last.atMs - startedMs) / 1_000;
      const asked = (offeredIterations(stages, until) - offeredIterations(stages, until - seconds)) / seconds;
      const delivered = (last.iterations - first.iterations) / seconds;
      const dropped = live.dropped > 0 ? `, ${count(live.dropped)} dropped` : '';
      return {
        text: `${number(asked)} iterations/s requested, ${number(delivered)} delivered${dropped}`,
        done: Math.min(total, Math.round(until)),
        total,
        unit: 's',
      };
    },
  };
}
