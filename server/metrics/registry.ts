// Metrics of the server, measured at each scrape. While Temporal does not respond, its series are absent and tminus_temporal_up is 0.
import { Gauge, collectDefaultMetrics, Registry } from 'prom-client';
import type { Measures } from './measure.ts';

/** Two Prometheus servers share one measurement: it costs a list, a query per worker version and a call per queue. */
const CACHE_TTL_MS = 2_000;

/** One metric; `set` writes its series into an empty gauge. */
interface Metric {
  name: string;
  help: string;
  labelNames?: string[];
  set(gauge: Gauge, measures: Measures): void;
}

const metrics: readonly Metric[] = [
  {
    name: 'tminus_temporal_up',
    help: '1 while Temporal responds to the server.',
    set: (gauge, { phases, queues }) => gauge.set(phases === null || queues === null ? 0 : 1),
  },
  {
    name: 'tminus_countdowns',
    help: 'Running countdowns, by phase.',
    labelNames: ['phase'],
    set(gauge, { phases }) {
      for (const [phase, count] of Object.entries(phases ?? {})) gauge.set({ phase }, count);
    },
  },
  {
    name: 'tminus_countdowns_without_worker',
    help: 'Running countdowns without a worker of their version.',
    labelNames: ['version'],
    set(gauge, { withoutWorker }) {
      for (const [version, count] of withoutWorker ?? []) gauge.set({ version }, count);
    },
  },
  {
    name: 'tminus_live_versions',
    help: 'Live versions that are not settled: launched, and neither passed nor rolled back.',
    set: (gauge, { undo }) => gauge.set(undo.live),
  },
  {
    name: 'tminus_watcher_age_seconds',
    help: 'Time since the last heartbeat of the watcher of a live version.',
    labelNames: ['release', 'service'],
    set(gauge, { watchers }) {
      for (const { release, service, ageMs } of watchers) gauge.set({ release, service }, ageMs / 1_000);
    },
  },
  {
    name: 'tminus_undo_standing',
    help: 'Open undos: neither restored nor settled.',
    labelNames: ['live'],
    set(gauge, { undo }) {
      gauge.set({ live: 'true' }, undo.live);
      gauge.set({ live: 'false' }, undo.other);
    },
  },
  {
    name: 'tminus_undo_oldest_age_seconds',
    help: 'Age of the oldest open undo; 0 without one.',
    set: (gauge, { undo }) => gauge.set(undo.oldestMs / 1_000),
  },
  {
    name: 'tminus_undo_journal_damaged_files',
    help: 'Files in the undo journal that cannot be read.',
    set: (gauge, { undo }) => gauge.set(undo.damaged),
  },
  {
    name: 'tminus_queue_tasks',
    help: 'Approximate number of tasks that no worker has started.',
    labelNames: ['queue', 'kind'],
    set: perQueue(({ waiting }) => waiting),
  },
  {
    name: 'tminus_queue_oldest_age_seconds',
    help: 'Age of the oldest task that no worker has started.',
    labelNames: ['queue', 'kind'],
    set: perQueue(({ oldestMs }) => oldestMs / 1_000),
  },
  {
    name: 'tminus_queue_workers',
    help: 'Workers that polled the queue within 90 s.',
    labelNames: ['queue', 'kind'],
    set: perQueue(({ workers }) => workers.length),
  },
];

/** @param measure called at most once per CACHE_TTL_MS */
export function serverMetrics(measure: () => Promise<Measures>, now: () => number = Date.now): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let last: { atMs: number; measures: Promise<Measures> } | null = null;
  const shared = (): Promise<Measures> => {
    if (last === null || now() - last.atMs >= CACHE_TTL_MS) last = { atMs: now(), measures: measure() };
    return last.measures;
  };
  for (const { name, help, labelNames = [], set } of metrics) {
    const collect = async function (this: Gauge): Promise<void> {
      const measures = await shared();
      this.reset();
      set(this, measures);
    };
    registry.registerMetric(new Gauge({ name, help, labelNames, registers: [], collect }));
  }
  return registry;
}

type Queue = NonNullable<Measures['queues']>[number]['queue'];

function perQueue(valueOf: (queue: Queue) => number): Metric['set'] {
  return (gauge, { queues }) => {
    for (const { name, kind, queue } of queues ?? []) gauge.set({ queue: name, kind }, valueOf(queue));
  };
}
