// Remembers what was delivered: Alertmanager sends a notification again when the response to it was lost.
import { createHash } from 'node:crypto';
import type { AlertGroup } from './alert-group.ts';

/**
 * Alertmanager waits at most 90 s between two tries (cenkalti/backoff: 60 s and half of it at random). A notification of an unchanged group that comes
 * later is one that `repeat_interval` wants, and is sent.
 */
const REMEMBERED_MS = 120_000;
/** About 4 MB. Beyond it the oldest are forgotten: at worst a message arrives twice. */
const MAX_REMEMBERED = 10_000;

/** What became of a notification. Only `delivered` is final: every other one is sent again when Alertmanager retries. */
export interface Delivery {
  outcome: 'delivered' | 'duplicate' | 'paused' | 'unavailable' | 'refused';
  /** Why it was not delivered. */
  reason?: string;
}

/** Runs `send` unless the same state was delivered a short time ago, or is being sent. The id is the same in every attempt. */
export type SendOnce = (state: string, send: (id: string) => Promise<Delivery>) => Promise<Delivery>;

interface Remembered {
  id: string;
  atMs: number;
  /** Null after a failure. */
  delivery: Promise<Delivery> | null;
}

export function createSendOnce(now: () => number): SendOnce {
  // In the order of their last attempt.
  const remembered = new Map<string, Remembered>();
  return async (state, send) => {
    forgetOld(remembered, now());
    const before = remembered.get(state);
    if (before?.delivery) {
      const delivery = await before.delivery;
      return delivery.outcome === 'delivered' ? { outcome: 'duplicate' } : delivery;
    }
    const id = before?.id ?? `${state}-${now()}`;
    const sending = send(id);
    const attempt: Remembered = { id, atMs: now(), delivery: sending };
    remembered.delete(state);
    remembered.set(state, attempt);
    const delivery = await sending;
    if (delivery.outcome !== 'delivered') attempt.delivery = null;
    return delivery;
  };
}

function forgetOld(remembered: Map<string, Remembered>, nowMs: number): void {
  for (const [state, { atMs }] of remembered) {
    if (atMs > nowMs - REMEMBERED_MS && remembered.size < MAX_REMEMBERED) return;
    remembered.delete(state);
  }
}

/** Equal for two notifications of one group to one target whose alerts are the same and in the same state. Annotations do not count: they have values. */
export function stateOf(target: string, { groupKey, status, truncatedAlerts, alerts }: AlertGroup): string {
  const each = alerts.map(({ fingerprint, status, startsAt }) => `${fingerprint} ${status} ${startsAt}`).sort();
  return createHash('sha256')
    .update(JSON.stringify([target, groupKey, status, truncatedAlerts, each]))
    .digest('hex')
    .slice(0, 32);
}
