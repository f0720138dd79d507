import { expect, it } from '@jest/globals';
import { drillRecord } from '../../analysis/testing/drill.ts';
import { alertCondition, alertSample, foundAlert, STARTED_MS, watchOf } from '../../analysis/testing/triggers.ts';
import type { DrillRecord, RecordedWatch } from '../../analysis/drill/record.ts';
import type { TriggerWatch } from '../../analysis/trigger/condition.ts';
import type { TriggerSample } from '../../analysis/trigger/sample.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { checkWatches } from './triggers.ts';

const lines = (watch: TriggerWatch, samples: TriggerSample[]): string =>
  [{ trigger: watch, part: 1 }, ...samples].map((line) => `${JSON.stringify(line)}\n`).join('');
const clears = watchOf(alertCondition, { until: 'clears', forMs: 5_000 });
const stored: Record<string, string> = {
  before: lines(clears, [alertSample(0), alertSample(5)]),
  detected: lines(watchOf(alertCondition), [alertSample(10), alertSample(15, { alerts: [foundAlert()] })]),
  recovered: lines(clears, [alertSample(20), alertSample(25)]),
  after: lines(clears, [alertSample(30), alertSample(35)]),
};
const refs = (names: readonly string[]) => names.map((digest) => ({ digest, kind: 'trigger-samples' }) as EvidenceRef);
async function* read(digest: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(stored[digest]);
}
const at = (seconds: number): string => new Date(STARTED_MS + 1_000 * seconds).toISOString();
const calm = (seconds: number): RecordedWatch => ({
  outcome: 'cleared',
  at: at(seconds),
  message: 'alert HighErrorRate5m is not active in Alertmanager lab',
});
const fired: RecordedWatch = {
  outcome: 'fired',
  at: at(15),
  message: 'alert HighErrorRate5m is active in Alertmanager lab (severity="critical")',
};
const record = (change: Partial<DrillRecord> = {}) =>
  drillRecord({ before: calm(0), detected: fired, recovered: calm(20), after: calm(30), ...change });
const check = (of: DrillRecord, names: readonly string[] = Object.keys(stored)) => checkWatches(of, { refs: refs(names), read });

it('accepts a record whose watches are those of their samples, also of a drill that ended early', async () => {
  await expect(check(record())).resolves.toBeUndefined();
  await expect(check(record({ detected: null, recovered: null, after: null }), ['before'])).resolves.toBeUndefined();
  await expect(check(record({ before: null, detected: null, recovered: null, after: null }), [])).resolves.toBeUndefined();
});

it.each<[string, Partial<DrillRecord>]>([
  ['another outcome', { detected: { ...fired, outcome: 'timeout' } }],
  ['another time', { detected: { ...fired, at: at(11) } }],
  ['another measurement', { detected: { ...fired, message: 'alert HighErrorRate5m is active' } }],
])('refuses a record with %s', async (_, change) => {
  await expect(check(record(change))).rejects.toThrow(
    /^watch 2 of 4: the samples of trigger order-errors show: fired at .*; the record has: /,
  );
});

it('refuses a record whose samples are missing, in another order, or end before an outcome', async () => {
  await expect(check(record(), ['before', 'detected', 'recovered'])).rejects.toThrow(
    'watch 4 of 4: the samples of trigger order-errors are missing',
  );
  await expect(check(record(), ['detected', 'before', 'recovered', 'after'])).rejects.toThrow('watch 1 of 4');
  stored['cut'] = lines(clears, [alertSample(0)]);
  await expect(check(record(), ['cut', 'detected', 'recovered', 'after'])).rejects.toThrow('are missing or end before an outcome');
});
