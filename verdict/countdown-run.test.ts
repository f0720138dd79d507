import { describe, expect, it } from '@jest/globals';
import { explainForeignRun, judgeRun, type CountdownRun } from './countdown-run.ts';
import { explainUnwaivable } from './waivable.ts';
import { findingKey } from './judge.ts';

const NOW_MS = Date.parse('2026-11-25T09:00:00Z');
const run = (change: Partial<CountdownRun> = {}): CountdownRun => ({
  workflowId: 'countdown/shop',
  runId: 'run-1',
  firstRunId: 'run-1',
  originalRunId: 'run-1',
  workflowType: 'countdown',
  isRunning: true,
  attempt: 1,
  hasRetryPolicy: false,
  cronSchedule: '',
  startDelayMs: 0,
  continuedRunId: null,
  isSkippingTime: false,
  parent: null,
  ...change,
});
const judged = (change: Partial<CountdownRun>, aheadMs = 0, rehearsal = false, resets: string[] = []) =>
  judgeRun({ run: run(change), resets, rehearsal, workflowNowMs: NOW_MS + aheadMs, nowMs: NOW_MS });

describe('a run that the server of Tminus started', () => {
  it('has nothing against it, nor has one that goes on after a continue-as-new, which Temporal itself may delay', () => {
    expect(judged({})).toEqual([]);
    expect(judged({ runId: 'run-2', originalRunId: 'run-2', continuedRunId: 'run-1', startDelayMs: 900 })).toEqual([]);
  });

  it.each<[string, Partial<CountdownRun>, RegExp]>([
    ['a retry policy', { hasRetryPolicy: true }, /was started with a retry policy/],
    ['a cron schedule', { cronSchedule: '* * * * *' }, /was started with the cron schedule \* \* \* \* \*/],
    ['a second attempt', { attempt: 2 }, /is at attempt 2/],
    ['a start delay', { startDelayMs: 600_000 }, /was started with a delay of 10 m/],
    ['another type', { workflowType: 'launchStep' }, /is a workflow of type launchStep/],
  ])('never has %s', (_, change, why) => {
    expect(explainForeignRun(run(change))).toMatch(why);
    expect(judged(change)).toMatchObject([{ code: 'CountdownRunForeign', outcome: 'fail' }]);
  });
});

describe('the clock of a countdown', () => {
  it('may be a minute ahead of the worker’s, and behind it as long as workers were away', () => {
    expect(judged({}, 60_000)).toEqual([]);
    expect(judged({}, -3_600_000)).toEqual([]);
  });

  it('that is further ahead was moved from outside: the launch is refused, with the number', () => {
    expect(judged({}, 61_000)).toMatchObject([
      {
        code: 'CountdownClockAhead',
        outcome: 'fail',
        measured: 61,
        limit: 60,
        unit: 's',
        message: expect.stringContaining('1 m 1 s ahead'),
      },
    ]);
  });

  it('is not the real one while time skipping is on, though nothing was skipped yet', () => {
    expect(judged({ isSkippingTime: true })).toMatchObject([
      { code: 'CountdownClockAhead', outcome: 'fail', message: expect.stringContaining('time skipping is enabled') },
    ]);
  });

  it('is virtual in a rehearsal', () => expect(judged({ isSkippingTime: true }, 72 * 3_600_000, true)).toEqual([]));
});

describe('a reset', () => {
  const reset = { runId: 'run-2', originalRunId: 'run-1' };

  it('holds, also in a rehearsal, and is named after its run, so that a waiver accepts no later one', () => {
    for (const rehearsal of [true, false])
      expect(judged(reset, 0, rehearsal)).toMatchObject([{ code: 'CountdownReset', subject: 'run-2', outcome: 'inconclusive' }]);
  });

  it('of an earlier run of the chain holds the runs after it, each under its own name', () => {
    expect(judged({ runId: 'run-3', originalRunId: 'run-3', continuedRunId: 'run-2' }, 0, false, ['run-2'])).toMatchObject([
      { code: 'CountdownReset', subject: 'run-2', outcome: 'inconclusive', message: judged(reset)[0]!.message },
    ]);
    expect(judged(reset, 0, false, ['run-2'])).toHaveLength(1);
  });

  it('is for people to decide; a clock or a run that is not ours is not', () => {
    const key = (change: Partial<CountdownRun>) => findingKey(judged(change)[0]!);
    expect(explainUnwaivable([], key(reset))).toBeNull();
    expect(explainUnwaivable([], key({ isSkippingTime: true }))).toMatch(/cannot be waived/);
    expect(explainUnwaivable([], key({ hasRetryPolicy: true }))).toMatch(/cannot be waived/);
  });
});
