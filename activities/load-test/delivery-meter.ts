// How the load goes, for people who watch: asked and delivered over the last few seconds.
import { offeredRequests, plannedSeconds, type LoadStage } from '../../analysis/load-test/plan.ts';
import { count, rate } from '../../analysis/load-test/sentences.ts';
import type { ActivityProgress } from '../kubernetes/contract.ts';

/** Short enough to follow a ramp, long enough that k6's handing on every 0.2 s does not show. */
const WINDOW_MS = 5_000;

export interface DeliveryMeter {
  tick(): void;
  progress(): ActivityProgress;
}

export function deliveryMeter(
  stages: readonly LoadStage[],
  live: { readonly requests: number; readonly dropped: number },
  nowMs: () => number = () => performance.now(),
): DeliveryMeter {
  const total = Math.round(plannedSeconds(stages));
  let ticks: { atMs: number; requests: number }[] = [];
  let startedMs: number | null = null;

  function tick(): void {
    if (live.requests === 0) return;
    const atMs = nowMs();
    // The load starts when the first request was seen; k6 needs a moment before to make its virtual users.
    startedMs ??= atMs;
    ticks.push({ atMs, requests: live.requests });
    ticks = ticks.filter((each, i) => atMs - each.atMs <= WINDOW_MS || atMs - (ticks[i + 1]?.atMs ?? atMs) > WINDOW_MS);
  }

  return {
    tick,
    progress() {
      const first = ticks[0];
      const last = ticks.at(-1);
      if (startedMs === null || !first || !last || first === last) return { text: 'k6 starts', done: 0, total, unit: 's' };
      const seconds = (last.atMs - first.atMs) / 1_000;
      const until = (last.atMs - startedMs) / 1_000;
      const asked = (offeredRequests(stages, until) - offeredRequests(stages, until - seconds)) / seconds;
      const delivered = (last.requests - first.requests) / seconds;
      const dropped = live.dropped > 0 ? `, ${count(live.dropped)} dropped` : '';
      return {
        text: `${rate(asked)} requests/s asked, ${rate(delivered)} delivered${dropped}`,
        done: Math.min(total, Math.round(until)),
        total,
        unit: 's',
      };
    },
  };
}
