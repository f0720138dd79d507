// A drill in which every link kept its limit, to change in tests.
import type { DrillRecord } from '../drill/record.ts';

const at = (seconds: number): string => new Date(Date.parse('2026-11-23T09:00:00Z') + 1_000 * seconds).toISOString();

/** Times in seconds after the record's beginning. */
export const drillTime = at;

export const drillRecord = (change: Partial<DrillRecord> = {}): DrillRecord => ({
  drill: 'go-api-1.4.0/drill/drill/1/0198a2b3',
  trigger: 'order-errors',
  fault: 'pricing-errors 100',
  limits: { detectMs: 30_000, actMs: 10_000, recoverMs: 60_000, restoreMs: 90_000, steadyMs: 60_000 },
  before: { outcome: 'cleared', at: at(60), message: '0 of 18,012 requests failed, limit 1 %' },
  provokedAt: at(62),
  detected: { outcome: 'fired', at: at(74), message: '31.2 % of 1,240 requests failed, limit 1 %' },
  actions: [{ name: 'pricing-off', startedAt: at(74.2), effectiveAt: at(74.6), reason: '' }],
  recovered: { outcome: 'cleared', at: at(88), message: '0 of 3,100 requests failed, limit 1 %' },
  restoreStartedAt: at(88.1),
  restored: [
    { name: 'shop-staging/go-api/fault back to no fault', restored: true, leftAlone: false, reason: '' },
    { name: 'shop-staging/go-api/switch/pricing back to on', restored: true, leftAlone: false, reason: '' },
  ],
  restoredAt: at(90),
  after: { outcome: 'cleared', at: at(152), message: '0 of 18,200 requests failed, limit 1 %' },
  stopped: null,
  ...change,
});
