import { describe, expect, it } from '@jest/globals';
import {
  alertCondition,
  alertSample,
  foundAlert,
  foundRule,
  logSample,
  logPod,
  metricsCondition,
  metricsSample,
  STARTED_MS,
  tallyOf,
  watchOf,
} from '../testing/triggers.ts';
import { UnreadableEvidence } from '../analysis.ts';
import { evidenceKinds, recognize } from '../evidence-kinds.ts';
import type { TriggerWatch } from './condition.ts';
import { replayTriggers } from './record.ts';
import type { TriggerSample } from './sample.ts';
import { outcomeOf, triggerFacts } from './watch.ts';

const fires = watchOf(alertCondition, { timeoutMs: 120_000 });
const clears = watchOf(alertCondition, { until: 'clears', forMs: 20_000, timeoutMs: 120_000 });
const calm = (atS: number) => alertSample(atS);
const firing = (atS: number) => alertSample(atS, { alerts: [foundAlert()] });
const pending = (atS: number) => alertSample(atS, { rules: [foundRule({ alerts: [{ labels: {}, state: 'pending' }] })] });
const blind = (atS: number) => alertSample(atS, { alerts: null, rules: null, trouble: 'Alertmanager lab: timed out after 3 s' });
const outcome = (samples: readonly TriggerSample[], watch: TriggerWatch) => outcomeOf(tallyOf(samples, watch), watch);
const seconds = (from: number, until: number, sample: (atS: number) => TriggerSample): TriggerSample[] =>
  Array.from({ length: (until - from) / 5 + 1 }, (_, index) => sample(from + 5 * index));

describe('a watch until a trigger fires', () => {
  it('fires with the first sample in which the condition holds', () => {
    expect(outcome(seconds(0, 30, calm), fires)).toBeNull();
    expect(outcome([...seconds(0, 30, calm), firing(35)], fires)).toEqual({
      outcome: 'fired',
      atMs: STARTED_MS + 35_000,
      message: 'alert HighErrorRate5m is active in Alertmanager lab (severity="critical")',
    });
  });

  it('times out with the last measurement', () =>
    expect(outcome(seconds(0, 120, pending), fires)).toEqual({
      outcome: 'timeout',
      atMs: STARTED_MS + 120_000,
      message:
        'trigger high-error-rate did not fire within 2 m: alert HighErrorRate5m is pending in Prometheus and not active in Alertmanager lab',
    }));

  it('has no data after noDataAfter without data, and not before', () => {
    expect(outcome([...seconds(0, 20, calm), ...seconds(25, 80, blind)], fires)).toBeNull();
    expect(outcome([...seconds(0, 20, calm), ...seconds(25, 85, blind)], fires)).toEqual({
      outcome: 'no-data',
      atMs: STARTED_MS + 85_000,
      message: 'trigger high-error-rate has had no data for 1 m: Alertmanager lab: timed out after 3 s',
    });
    expect(outcome([...seconds(0, 60, blind), calm(62)], fires)).toBeNull();
  });

  it('has no data also when each sample takes longer than noDataAfter, as of a system that hangs', () => {
    const short = { ...fires, trigger: { ...alertCondition, noDataAfterMs: 6_000 } };
    expect(outcome([calm(0), blind(10), blind(20)], short)).toMatchObject({ outcome: 'no-data' });
  });

  it('has no data rather than a timeout when the last sample has none', () =>
    expect(outcome([...seconds(0, 110, calm), ...seconds(115, 120, blind)], fires)).toMatchObject({ outcome: 'no-data' }));
});

describe('a watch until a trigger clears', () => {
  it('clears once the condition was false for long enough, and reports since when', () => {
    const samples = [...seconds(0, 10, firing), ...seconds(15, 30, calm)];
    expect(outcome(samples, clears)).toBeNull();
    expect(outcome([...samples, calm(35)], clears)).toMatchObject({ outcome: 'cleared', atMs: STARTED_MS + 15_000 });
  });

  it.each([
    ['it holds', firing],
    ['nothing is decided', pending],
    ['there are no data', blind],
  ])('begins again when %s in between', (_, between) => {
    const samples = [...seconds(0, 15, calm), between(20), ...seconds(25, 40, calm)];
    expect(outcome(samples, clears)).toBeNull();
    expect(outcome([...samples, calm(45)], clears)).toMatchObject({ outcome: 'cleared', atMs: STARTED_MS + 25_000 });
  });

  it('begins again after a time without samples', () => {
    expect(outcome([calm(0), calm(61)], clears)).toBeNull();
    expect(outcome([calm(0), calm(60)], clears)).toMatchObject({ outcome: 'cleared' });
  });

  it('times out while it goes on firing', () =>
    expect(outcome(seconds(0, 120, firing), clears)).toMatchObject({
      outcome: 'timeout',
      message: expect.stringContaining('did not clear within 2 m'),
    }));
});

describe('stored samples', () => {
  const part = (watch: TriggerWatch, number: number, samples: readonly TriggerSample[]): string =>
    [{ trigger: watch, part: number }, ...samples].map((line) => `${JSON.stringify(line)}\n`).join('');
  const stored = {
    one: part(clears, 1, seconds(0, 15, calm)),
    two: part(clears, 2, [calm(20)]),
    other: part(fires, 1, [firing(30)]),
  };
  async function* read(digest: string): AsyncIterable<Uint8Array> {
    yield new TextEncoder().encode(stored[digest as keyof typeof stored]);
  }

  it('of several watches give the same outcomes again', async () => {
    const replayed = await replayTriggers(['one', 'two', 'other'], read);
    expect(replayed).toMatchObject([
      { outcome: { outcome: 'cleared', atMs: STARTED_MS }, evidence: ['one', 'two'] },
      { outcome: { outcome: 'fired' }, evidence: ['other'] },
    ]);
    const [first] = replayed;
    expect(first && triggerFacts(first.tally, first.watch)).toEqual([
      {
        subject: 'trigger high-error-rate',
        text: 'alert HighErrorRate5m is not active in Alertmanager lab',
        values: { activeAlerts: 0, samples: 5, seconds: 20 },
      },
    ]);
  });

  it('without a part, or with another content, cannot be read', async () => {
    await expect(replayTriggers(['two'], read)).rejects.toThrow('part 1 of the samples is missing');
    await expect(replayTriggers(['one', 'one', 'other', 'two', 'two'], read)).rejects.toThrow(UnreadableEvidence);
    const damaged = async function* () {
      yield new TextEncoder().encode('{"limits":{}}\n');
    };
    await expect(replayTriggers(['x'], damaged)).rejects.toThrow('not a record of trigger samples');
  });

  it('are a kind of evidence that can be analyzed', async () => {
    const bytes = new TextEncoder().encode(stored.one);
    expect(recognize(bytes)).toBe('trigger-samples');
    const { findings, tables } = await evidenceKinds['trigger-samples'].analyze(bytes);
    expect(findings).toEqual([]);
    expect(tables).toMatchObject([
      { title: 'trigger high-error-rate on deployment shop/go-api', rows: [[expect.any(String), 'false', expect.any(String)], {}, {}, {}] },
    ]);
  });

  it('of another type of trigger are a bug', () => {
    expect(() => tallyOf([logSample(0, [logPod()])], watchOf(metricsCondition))).toThrow(TypeError);
    expect(() => tallyOf([metricsSample(0, {})], fires)).toThrow('a sample of type metrics in the watch of a trigger of type alert');
  });
});
