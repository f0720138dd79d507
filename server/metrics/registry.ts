// The server's own metrics. Measured at each scrape; what Temporal does not say has no series, and `tminus_temporal_up` says why.
import { Gauge, collectDefaultMetrics, Registry } from 'prom-client';
import type { Measures } from './measure.ts';

/** Two Prometheus that scrape in the same seconds share one measurement: it costs a list, a query per worker version and a call per queue. */
const SHARED_MS = 2_000;

/** @param measure may be called at every scrape */
export function serverMetrics(measure: () => Promise<Measures>, now: () => number = Date.now): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, ...labelNames: string[]) => new Gauge({ name, help, labelNames, registers: [registry] });
  const up = gauge('tminus_temporal_up', '1 while Temporal answers the server.');
  const countdowns = gauge('tminus_countdowns', 'Countdowns that are not over, by phase.', 'phase');
  const withoutWorker = gauge('tminus_countdowns_without_worker', 'Running countdowns whose worker version does not run.', 'version');
  const live = gauge(
    'tminus_live_versions',
    'Versions that serve people and are not settled: launched, and not yet passed or rolled back.',
  );
  const watcher = gauge('tminus_watcher_age_seconds', 'Time since the watcher of a live version was last seen.', 'release', 'service');
  const undo = gauge('tminus_undo_standing', 'Effects that are neither restored nor settled.', 'live');
  const undoAge = gauge('tminus_undo_oldest_age_seconds', 'Age of the oldest effect that stands; 0 where none does.');
  const damaged = gauge('tminus_undo_journal_damaged_files', 'Files of the undo journal that cannot be read.');
  const waiting = gauge('tminus_queue_tasks', 'Tasks that no worker has taken up, about.', 'queue', 'kind');
  const oldest = gauge('tminus_queue_oldest_age_seconds', 'Age of the oldest task that no worker has taken up.', 'queue', 'kind');
  const workers = gauge('tminus_queue_workers', 'Workers that asked for tasks of the queue within 90 s.', 'queue', 'kind');

  function set(measures: Measures): void {
    for (const each of [countdowns, withoutWorker, watcher, waiting, oldest, workers]) each.reset();
    up.set(measures.phases === null || measures.queues === null ? 0 : 1);
    for (const [phase, count] of Object.entries(measures.phases ?? {})) countdowns.set({ phase }, count);
    for (const [version, count] of measures.withoutWorker ?? []) withoutWorker.set({ version }, count);
    live.set(measures.undo.live);
    for (const { release, service, ageMs } of measures.watchers) watcher.set({ release, service }, ageMs / 1_000);
    undo.set({ live: 'true' }, measures.undo.live);
    undo.set({ live: 'false' }, measures.undo.other);
    undoAge.set(measures.undo.oldestMs / 1_000);
    damaged.set(measures.undo.damaged);
    for (const { name, kind, queue } of measures.queues ?? []) {
      waiting.set({ queue: name, kind }, queue.waiting);
      oldest.set({ queue: name, kind }, queue.oldestMs / 1_000);
      workers.set({ queue: name, kind }, queue.workers.length);
    }
  }

  let last: { atMs: number; done: Promise<void> } | null = null;
  const text = registry.metrics.bind(registry);
  registry.metrics = async () => {
    if (last === null || now() - last.atMs >= SHARED_MS) last = { atMs: now(), done: measure().then(set) };
    await last.done;
    return await text();
  };
  return registry;
}
