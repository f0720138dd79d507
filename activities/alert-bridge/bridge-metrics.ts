import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { Delivery } from './sent-once.ts';

/** Requests that the bridge itself refuses: Alertmanager does not retry them. With the HTTP status of each. */
export const REFUSALS = { malformed: 400, unauthorized: 401, unknown_target: 404, too_large: 413 } as const;
export type Refusal = keyof typeof REFUSALS;

const OUTCOMES: readonly Delivery['outcome'][] = ['delivered', 'duplicate', 'paused', 'unavailable', 'refused'];

/** A delivery ends after 5 s. */
const BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface BridgeMetrics {
  registry: Registry;
  delivered(target: string, outcome: Delivery['outcome'], seconds: number): void;
  refused(reason: Refusal): void;
}

/** @param targets names in the environment file: each has its series from the start, or its first failure would be no increase */
export function bridgeMetrics(targets: readonly string[]): BridgeMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const deliveries = new Counter({
    name: 'tminus_alert_deliveries_total',
    help: 'Notifications of Alertmanager by target of the environment file and outcome.',
    labelNames: ['target', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'tminus_alert_delivery_seconds',
    help: 'Time from the request of Alertmanager to the response of the bridge.',
    labelNames: ['target'],
    buckets: BUCKETS_S,
    registers,
  });
  const refusals = new Counter({
    name: 'tminus_alert_requests_refused_total',
    help: 'Requests that the bridge refused without a delivery, by reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const target of targets) {
    for (const outcome of OUTCOMES) deliveries.inc({ target, outcome }, 0);
    seconds.zero({ target });
  }
  for (const reason of Object.keys(REFUSALS)) refusals.inc({ reason }, 0);
  return {
    registry,
    delivered: (target, outcome, took) => {
      deliveries.inc({ target, outcome });
      seconds.observe({ target }, took);
    },
    refused: (reason) => refusals.inc({ reason }),
  };
}
