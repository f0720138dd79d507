// Measures for the metrics of the server, read at a scrape from visibility, the undo journal and the task queues. Needs no worker.
import type { Phase } from '../../verdict/can.ts';
import type { CountdownRef } from '../../verdict/undo.ts';
import type { EvidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import { clusterTaskQueue, LOAD_TASK_QUEUE, WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { CountdownFailure, phases, type Countdowns } from '../temporal/countdowns.ts';
import type { TaskQueue } from '../temporal/task-queue.ts';

export interface MeasureDependencies {
  countdowns: Pick<Countdowns, 'list' | 'watcherSeenAt' | 'taskQueue'>;
  folder: Pick<EvidenceFolder, 'undos'>;
  /** Cluster names of the environment file. */
  clusters: readonly string[];
  now: () => number;
}

export interface Measures {
  /** null while Temporal does not respond, like the other fields that Temporal reports. */
  phases: Record<Phase, number> | null;
  /** Running countdowns without a worker, by worker version. */
  withoutWorker: Map<string, number> | null;
  undo: { live: number; other: number; oldestMs: number; damaged: number };
  /** Versions that serve traffic and are not settled, with the time since the last heartbeat of their watcher. */
  watchers: { release: string; service: string; ageMs: number }[];
  queues: { name: string; kind: 'workflow' | 'activity'; queue: TaskQueue }[] | null;
}

/** The returned function keeps the last heartbeat of each watcher, because Temporal no longer reports a watcher that has stopped. */
export function createMeasurement({ countdowns, folder, clusters, now }: MeasureDependencies): () => Promise<Measures> {
  const seen = new Map<string, number>();

  /** Without a heartbeat so far, the age counts from the launch. */
  async function watcherAgeMs(countdown: CountdownRef, sinceMs: number): Promise<number> {
    const found = await orNull(() => countdowns.watcherSeenAt(countdown));
    const lastMs = Math.max(found ?? 0, seen.get(countdown.firstRunId) ?? 0, sinceMs);
    seen.set(countdown.firstRunId, lastMs);
    return Math.max(0, now() - lastMs);
  }

  return async () => {
    const { records, damaged } = await folder.undos();
    const standing = records.filter(({ settled }) => settled === null);
    const live = standing.filter(({ entry }) => entry.live);
    for (const run of seen.keys()) if (!live.some(({ countdown }) => countdown.firstRunId === run)) seen.delete(run);
    const [listed, watchers, queues] = await Promise.all([
      orNull(() => countdowns.list(null)),
      Promise.all(
        live.map(async ({ countdown, entry, registeredAt }) => ({
          release: countdown.release,
          service: entry.target.key,
          ageMs: await watcherAgeMs(countdown, Date.parse(registeredAt)),
        })),
      ).then(stalest),
      orNull(() =>
        Promise.all(queuesOf(clusters).map(async ({ name, kind }) => ({ name, kind, queue: await countdowns.taskQueue(name, kind) }))),
      ),
    ]);
    const running = listed?.items.filter((item) => item.running) ?? null;
    return {
      phases: running && countPhases(running.map(({ phase }) => phase ?? 'opening')),
      withoutWorker:
        running && countBy(running.filter(({ hasWorker }) => hasWorker === false).map(({ workerVersion }) => workerVersion ?? 'none')),
      undo: {
        live: live.length,
        other: standing.length - live.length,
        oldestMs: Math.max(0, ...standing.map(({ registeredAt }) => now() - Date.parse(registeredAt))),
        damaged: damaged.length,
      },
      watchers,
      queues,
    };
  };
}

/** Two live versions of one release and service share a series; the larger age is exported. */
function stalest(watchers: Measures['watchers']): Measures['watchers'] {
  const groups = Map.groupBy(watchers, ({ release, service }) => `${service} ${release}`);
  return [...groups.values()].map((same) => same.reduce((a, b) => (b.ageMs > a.ageMs ? b : a)));
}

const queuesOf = (clusters: readonly string[]): { name: string; kind: 'workflow' | 'activity' }[] => [
  { name: WORKFLOW_TASK_QUEUE, kind: 'workflow' },
  { name: WORKFLOW_TASK_QUEUE, kind: 'activity' },
  { name: LOAD_TASK_QUEUE, kind: 'activity' },
  ...clusters.map((cluster) => ({ name: clusterTaskQueue(cluster), kind: 'activity' as const })),
];

/** null if Temporal does not respond; any other failure is a bug. */
async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CountdownFailure) return null;
    throw error;
  }
}

function countPhases(found: readonly Phase[]): Record<Phase, number> {
  const counts = countBy(found);
  return Object.fromEntries(phases.map((phase) => [phase, counts.get(phase) ?? 0])) as Record<Phase, number>;
}

function countBy(values: readonly string[]): Map<string, number> {
  const count = new Map<string, number>();
  for (const value of values) count.set(value, (count.get(value) ?? 0) + 1);
  return count;
}
