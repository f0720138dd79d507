import { expect, it } from '@jest/globals';
import { CountdownFailure } from '../temporal/countdowns.ts';
import { waiting } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { exampleUndo, memoryFolder } from '../testing/memory-folder.ts';
import { createMeasurement } from './measure.ts';
import { serverMetrics } from './registry.ts';

const LAUNCHED_MS = Date.parse(exampleUndo.registeredAt);
const RUN = exampleUndo.countdown.firstRunId;

/** A server with one live version; the clock stands until a test moves it. */
function scraped() {
  const countdowns = fakeCountdowns([waiting]);
  const folder = memoryFolder([exampleUndo, { ...exampleUndo, entry: { ...exampleUndo.entry, id: 'b', live: false } }]);
  const clock = { nowMs: LAUNCHED_MS + 10_000 };
  const now = () => clock.nowMs;
  const registry = serverMetrics(createMeasurement({ countdowns, folder, clusters: ['prod-east'], now }), now);
  /** Value of a series as Prometheus reads it; null where there is none. */
  const value = async (series: string): Promise<number | null> => {
    const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
    return line === undefined ? null : Number(line.slice(series.length + 1));
  };
  return { countdowns, folder, clock, value };
}

const AGE = 'tminus_watcher_age_seconds{release="go-api-1.4.0",service="shop/go-api"}';

it('counts countdowns by phase, effects that stand, and what waits in the queues', async () => {
  const { value } = scraped();
  expect(await value('tminus_countdowns{phase="waiting"}')).toBe(1);
  expect(await value('tminus_countdowns{phase="holding"}')).toBe(0);
  expect(await value('tminus_live_versions')).toBe(1);
  expect(await value('tminus_undo_standing{live="false"}')).toBe(1);
  expect(await value('tminus_undo_oldest_age_seconds')).toBe(10);
  expect(await value('tminus_queue_oldest_age_seconds{queue="tminus.load",kind="activity"}')).toBe(90);
  expect(await value('tminus_queue_workers{queue="tminus.prod-east",kind="activity"}')).toBe(1);
  expect(await value('tminus_temporal_up')).toBe(1);
});

it('measures how long the watcher of a live version has not been seen, also when Temporal knows of none any more', async () => {
  const { countdowns, clock, value } = scraped();
  countdowns.watchers.set(RUN, LAUNCHED_MS + 8_000);
  expect(await value(AGE)).toBe(2);
  // The worker died: no activity is pending, and nothing moves the time forward.
  countdowns.watchers.clear();
  clock.nowMs += 60_000;
  expect(await value(AGE)).toBe(62);
});

it('takes a launch that nobody has watched yet for unwatched since its registration', async () => {
  expect(await scraped().value(AGE)).toBe(10);
});

it('goes on counting the age of a watcher while Temporal is away, and says that it is', async () => {
  const { countdowns, clock, value } = scraped();
  countdowns.watchers.set(RUN, LAUNCHED_MS + 9_000);
  expect(await value(AGE)).toBe(1);
  countdowns.failure = new CountdownFailure('Unreachable', 'Temporal did not answer', 'try again');
  clock.nowMs += 30_000;
  expect(await value(AGE)).toBe(31);
  expect(await value('tminus_temporal_up')).toBe(0);
  // No series rather than a zero that reads like "none".
  expect(await value('tminus_countdowns{phase="waiting"}')).toBeNull();
});

it('has no watcher age once nothing is live', async () => {
  const { folder, clock, value } = scraped();
  expect(await value(AGE)).toBe(10);
  folder.records = [{ ...exampleUndo, settled: { outcome: 'restored', at: exampleUndo.registeredAt } }];
  clock.nowMs += 5_000;
  expect(await value(AGE)).toBeNull();
  expect(await value('tminus_live_versions')).toBe(0);
});

it('names the worker version that running countdowns lack', async () => {
  const { countdowns, value } = scraped();
  countdowns.hasWorker = false;
  expect(await value('tminus_countdowns_without_worker{version="8c1f0a6d2b3e"}')).toBe(1);
});

it('reports the stalest watcher of two live versions that share their names', async () => {
  const { clock, folder, value } = scraped();
  const later = {
    ...exampleUndo,
    entry: { ...exampleUndo.entry, id: 'later' },
    countdown: { ...exampleUndo.countdown, firstRunId: 'run-2' },
    registeredAt: new Date(LAUNCHED_MS + 590_000).toISOString(),
  };
  folder.records.push(later);
  clock.nowMs = LAUNCHED_MS + 600_000;
  expect(await value(AGE)).toBe(600);
});
