import { duration } from '../../verdict/wording/index.ts';
import type { Environment } from '../../release/environment.ts';
import { configuredTarget } from '../notify/configured-target.ts';
import { deliver, NotDelivered } from '../notify/deliver.ts';
import type { AlertGroup } from './alert-group.ts';
import { alertMessage } from './alert-message.ts';
import { createSendOnce, stateOf, type Delivery } from './sent-once.ts';

/**
 * Alertmanager tries again within a second, which prolongs the block of a throttled robot. So the bridge itself refuses for as long as a service asks,
 * up to this: the longest of the services is the minute of WeCom and DingTalk, and a `Retry-After` of hours must not silence the alerts.
 */
const MAX_PAUSE_MS = 120_000;

export interface DeliverOptions {
  environment: Environment;
  environmentFolder: string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Of one delivery. Default: 5 s, below the 10 s that Alertmanager waits at least (`notify.MinTimeout`). */
  timeoutMs?: number | undefined;
}

/** Delivers a group of alerts to a target of the environment file. Does not throw: what was not delivered has its reason. */
export function createDeliverAlerts({ environment, environmentFolder, now, timeoutMs }: DeliverOptions) {
  const sendOnce = createSendOnce(now);
  const pausedUntilMs = new Map<string, number>();
  const send = async (name: string, group: AlertGroup, id: string): Promise<Delivery> => {
    const pauseMs = (pausedUntilMs.get(name) ?? 0) - now();
    if (pauseMs > 0) return { outcome: 'paused', reason: `the service asked for a pause, which ends in ${duration(pauseMs)}` };
    try {
      const { provider, target } = await configuredTarget(environment, environmentFolder, name);
      await deliver(provider, target, alertMessage(group, id), { now: new Date(now()), timeoutMs });
      return { outcome: 'delivered' };
    } catch (error) {
      if (!(error instanceof NotDelivered)) return { outcome: 'refused', reason: error instanceof Error ? error.message : String(error) };
      if (error.afterMs) pausedUntilMs.set(name, now() + Math.min(error.afterMs, MAX_PAUSE_MS));
      return { outcome: 'unavailable', reason: error.message };
    }
  };
  return (name: string, group: AlertGroup): Promise<Delivery> => sendOnce(stateOf(name, group), (id) => send(name, group, id));
}
