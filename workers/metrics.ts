// What only a worker knows: whom it could not notify. The rest is the server's, which also reports when all workers are gone.
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';

export interface WorkerMetrics {
  registry: Registry;
  /** The same activity, with its failures counted. */
  counted(notify: BookkeepingActivities['notify']): BookkeepingActivities['notify'];
}

/** @param targets names in the environment file: each has a series from the start, or its first failure would be no increase */
export function workerMetrics(targets: readonly string[]): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const failures = new Counter({
    name: 'tminus_notification_failures_total',
    help: 'Notifications that failed for good, by target of the environment file.',
    labelNames: ['target'],
    registers: [registry],
  });
  for (const target of targets) failures.inc({ target }, 0);
  return {
    registry,
    counted: (notify) => async (announcement) => {
      const failed = await notify(announcement);
      for (const { target } of failed) failures.inc({ target });
      return failed;
    },
  };
}
