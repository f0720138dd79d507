// How undos are taken back, with activities fake: no Temporal server.
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { UndoEntry } from '../verdict/undo.ts';
import { COUNTDOWN, finding, undoEntry } from './testing/state.ts';

type Fake = (input: { entry: UndoEntry; failedAt?: string | null; outcome?: string }) => Promise<unknown>;
let activities: Record<string, Fake>;
let calls: string[];
let options: Record<string, { scheduleToCloseTimeout?: unknown; startToCloseTimeout?: unknown; taskQueue?: string }>;
/** Waits of `condition` for a rank, each with its end by time. */
let waits: { ms: number; timeOut: () => void }[];

const actual = await import('@temporalio/workflow');
jest.unstable_mockModule('@temporalio/workflow', () => ({
  ...actual,
  proxyActivities: (given: object) =>
    new Proxy(
      {},
      {
        get: (_target, name: string) => (input: Parameters<Fake>[0]) => {
          calls.push(`${name} ${input.entry.target.key}`);
          options[name] = given;
          return activities[name]?.(input) ?? Promise.reject(new Error(`nobody plays ${name}`));
        },
      },
    ),
  condition: async (holds: () => boolean, ms: number) => {
    const time = new AbortController();
    waits.push({ ms, timeOut: () => time.abort() });
    while (!holds() && !time.signal.aborted) await new Promise((again) => setTimeout(again, 1));
    return holds();
  },
}));
const { unwind, settle } = await import('./undo-stack.ts');

const context = (change: object = {}) => ({
  countdown: { ...COUNTDOWN, release: 'r', notify: [] },
  failedAt: '2026-11-23T09:00:00Z',
  started: ({ name }: UndoEntry) => calls.push(`started ${name}`),
  ended: ({ name }: UndoEntry, { restored }: { restored: boolean }) => calls.push(`ended ${name} ${restored}`),
  ...change,
});
const of = (key: string, change: Partial<UndoEntry> = {}) =>
  undoEntry({ id: key, name: key, target: { cluster: 'lab', key }, within: { restoreMs: 90_000, proveMs: 60_000 }, ...change });
const soon = async (seen: () => boolean) => {
  while (!seen()) await new Promise((again) => setTimeout(again, 1));
};

beforeEach(() => {
  [calls, options, waits] = [[], {}, []];
  const proof = {
    restored: true,
    leftAlone: false,
    findings: [finding({ outcome: 'pass' })],
    facts: [{ subject: 'proof', text: 'ok', values: {} }],
    evidence: [],
  };
  activities = {
    restoreEffect: async () => ({ wrote: true, observedGeneration: 1, at: '2026-11-23T09:00:05Z' }),
    proveRestored: async () => proof,
    describeFailure: async () => ({ facts: [{ subject: 'failing pods', text: 'OOMKilled', values: {} }], evidence: [] }),
    settleUndo: async () => undefined,
  };
});

describe('one undo', () => {
  it('is restored, proven, then settled, and the failing version described beside it', async () => {
    const [report] = await unwind([of('a')], context());
    expect(report).toMatchObject({ id: 'a', restored: true, facts: [{ text: 'ok' }, { text: 'OOMKilled' }] });
    expect(calls).toEqual(['started a', 'restoreEffect a', 'describeFailure a', 'proveRestored a', 'settleUndo a', 'ended a true']);
    expect(waits).toEqual([]);
  });

  it('is tried for a day, or for minutes where it must be brief', async () => {
    await unwind([of('a')], context());
    expect([options['restoreEffect']?.scheduleToCloseTimeout, options['proveRestored']?.scheduleToCloseTimeout]).toEqual(['24h', '24h']);
    expect(options['proveRestored']).toMatchObject({ startToCloseTimeout: 300_000, taskQueue: 'tminus.lab' });
    await unwind([of('a')], context({ brief: true }));
    expect([options['restoreEffect']?.scheduleToCloseTimeout, options['proveRestored']?.scheduleToCloseTimeout]).toEqual(['5m', 300_000]);
  });

  it('is not described where nothing failed', async () => {
    await unwind([of('a')], context({ failedAt: null }));
    expect(calls).not.toContain('describeFailure a');
  });

  it('that is not proven is reported, and not settled', async () => {
    activities['proveRestored'] = async () => ({ restored: false, findings: [finding()], facts: [], evidence: [] });
    expect(await unwind([of('a')], context())).toMatchObject([{ restored: false, findings: [{ code: 'LatencyAboveLimit' }] }]);
    expect(calls).not.toContain('settleUndo a');
    expect(calls.at(-1)).toBe('ended a false');
  });

  it('that cannot be restored is a finding by name, and described all the same', async () => {
    activities['restoreEffect'] = async () => Promise.reject(new Error('refused'));
    const message = 'a: could not be restored: refused';
    expect(await unwind([of('a')], context())).toMatchObject([
      { restored: false, findings: [{ code: 'RollbackIncomplete', outcome: 'fail', message }], facts: [{ text: 'OOMKilled' }] },
    ]);
  });

  it('stays restored where that could not be recorded, or the failing version not be read', async () => {
    activities['settleUndo'] = async () => Promise.reject(new Error('the disk is full'));
    activities['describeFailure'] = async () => Promise.reject(new Error('forbidden'));
    expect(await unwind([of('a')], context())).toMatchObject([
      {
        restored: true,
        facts: [
          { text: 'ok' },
          { text: 'a: restored, but not recorded: the disk is full' },
          { text: 'a: the failing pods could not be read: forbidden' },
        ],
      },
    ]);
    expect(await settle(of('a'), 'kept', context().countdown)).toMatchObject({
      text: 'a: kept, but not recorded: the disk is full',
    });
  });
});

describe('several undos', () => {
  it('begin by rank, lower first, and equal ones at once', async () => {
    await unwind([of('c', { order: 2 }), of('a', { order: -1 }), of('b1', { order: 1 }), of('b2', { order: 1 })], context());
    const begun = calls.filter((call) => /^(started|ended)/u.test(call));
    expect(begun.slice(0, 4)).toEqual(['started a', 'ended a true', 'started b1', 'started b2']);
    expect(begun.slice(6)).toEqual(['started c', 'ended c true']);
  });

  it('wait for a whole rank, at most for twice its longest budget, and never for the last rank', async () => {
    let letGo: (value: unknown) => void = () => undefined;
    const hanging = new Promise((resolve) => (letGo = resolve));
    activities['restoreEffect'] = async ({ entry }) => (entry.target.key === 'slow' ? hanging : { wrote: true });
    const done = unwind(
      [
        of('slow', { within: { restoreMs: 1_000, proveMs: 2_000 } }),
        of('fast', { within: { restoreMs: 1, proveMs: 1 } }),
        of('next', { order: 1 }),
      ],
      context({ failedAt: null }),
    );
    await soon(() => calls.includes('ended fast true'));
    await new Promise((again) => setTimeout(again, 10));
    expect(calls).not.toContain('started next');
    expect(waits.map(({ ms }) => ms)).toEqual([6_000]);
    waits[0]?.timeOut();
    await soon(() => calls.includes('ended next true'));
    expect(waits).toHaveLength(1);
    letGo({ wrote: true });
    expect((await done).map(({ id, restored }) => [id, restored])).toEqual([
      ['slow', true],
      ['fast', true],
      ['next', true],
    ]);
  });
});
