import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StepStatus } from '../verdict/countdown-status.ts';
import { applyChange } from './change.ts';
import type { CheckpointState, CountdownState } from './countdown-state.ts';
import { changeByEnd } from './step-change.ts';
import type { StepResult } from './step.ts';
import { NOW_MS, at, finding, frozenCopy, stateOfTest, undoEntry } from './testing/state.ts';

let state: CountdownState;
let checkpoint: CheckpointState;
let status: StepStatus;
const running = (checkpointName: string, index: number) => {
  state = stateOfTest();
  checkpoint = at(state, checkpointName);
  const step = checkpoint.steps[index];
  if (!step) throw new Error(`${checkpointName} has fewer steps`);
  status = Object.assign(step, { state: 'running', round: 1 });
};
const ends = (result: Partial<StepResult> | string): void => {
  const ended = typeof result === 'string' ? result : { findings: [], facts: [], evidence: [], ...result };
  applyChange(state, changeByEnd(frozenCopy(state), frozenCopy(checkpoint), frozenCopy(status), ended, NOW_MS), checkpoint);
};
const audited = () => state.audit.map(({ action, object, detail }) => `${action} ${object}: ${detail}`);
const fine = finding({ outcome: 'pass' });

describe('a load test that has ended', () => {
  beforeEach(() => running('load-and-diagnosis', 1));

  it('is judged by what it found, and is not pending any more', () => {
    ends({ findings: [finding()], facts: [{ subject: 'load', text: 'delivered', values: {} }], imageIds: ['b', 'a'] });
    expect(status).toMatchObject({ state: 'done', finishedAt: new Date(NOW_MS).toISOString(), facts: [{ text: 'delivered' }] });
    expect(checkpoint).toMatchObject({ pending: ['preflight', 'diagnosis'], revision: 2, evaluation: { verdict: 'no-go' } });
    expect(audited()).toEqual([`step.finished load-and-diagnosis/load-test: ${finding().message}`]);
  });

  it('adds the images that it measured to those of earlier ones', () => {
    state.testedImageIds = ['c', 'a'];
    ends({ findings: [fine], imageIds: ['b', 'a'] });
    expect(state.testedImageIds).toEqual(['a', 'b', 'c']);
  });

  it('without findings is inconclusive', () => {
    ends({});
    expect(status).toMatchObject({ state: 'done', findings: [{ code: 'StepFoundNothing', outcome: 'inconclusive' }] });
  });

  it('with findings that pass is recorded with its verdict', () => {
    ends({ findings: [fine] });
    expect(audited()).toEqual(['step.finished load-and-diagnosis/load-test: go']);
  });

  it('because it could not be followed to its end keeps what it left', () => {
    ends({ findings: [fine], couldNotRun: 'the worker is gone' });
    expect(status).toMatchObject({ state: 'failed-to-run', findings: [fine, { code: 'StepCouldNotRun' }] });
  });

  it('because it could not run leaves all else as it is', () => {
    state.failedAt = '2026-11-23T08:00:00Z';
    ends('no worker');
    expect(status).toMatchObject({
      state: 'failed-to-run',
      findings: [{ code: 'StepCouldNotRun', message: 'step load-test could not run: no worker' }],
    });
    expect([state.failedAt, state.testedImageIds, checkpoint.pending]).toEqual(['2026-11-23T08:00:00Z', null, ['preflight', 'diagnosis']]);
  });
});

describe('a launch that has ended', () => {
  const entry = undoEntry();
  const launchedAt = '2026-11-26T09:00:05Z';
  beforeEach(() => {
    running('launch', 0);
    state.undo = [entry, undoEntry({ id: 'other', live: false })];
  });

  it('keeps its undo, and the time of its first write', () => {
    ends({ findings: [fine], launchedAt });
    ends({ findings: [fine], launchedAt: '2026-11-26T10:00:00Z' });
    expect(state).toMatchObject({ launchedAt, undo: [{ id: entry.id }, { id: 'other' }], failedAt: null });
  });

  it('drops undos that it has settled itself, also where it did not begin', () => {
    ends({ notBegun: true, settled: [entry.id] });
    expect(state.undo.map(({ id }) => id)).toEqual(['other']);
    expect(status).toMatchObject({ state: 'later', findings: [] });
    expect(status).not.toHaveProperty('finishedAt');
    expect(checkpoint.pending).toEqual(['launch', 'guard']);
    expect(audited()).toEqual(['step.finished launch/launch: not started: the launch window had closed']);
  });

  it('is unwatched from its first failure to run until it ran', () => {
    ends('no worker');
    expect(state.watch.unseenSinceMs).toBe(NOW_MS);
    state.watch.unseenSinceMs = NOW_MS - 1;
    ends('no worker');
    expect(state.watch.unseenSinceMs).toBe(NOW_MS - 1);
    ends({ findings: [fine] });
    expect(state.watch.unseenSinceMs).toBeNull();
  });

  it('and is not live is not unwatched', () => {
    state.undo = [];
    ends('no worker');
    expect(state.watch.unseenSinceMs).toBeNull();
  });

  it('is undone from the time of its failure, but not where the guard has found a breach before', () => {
    ends({ findings: [finding()], failedAt: launchedAt });
    expect(state.failedAt).toBe(launchedAt);
    ends({ findings: [finding()], failedAt: '2026-11-26T10:00:00Z' });
    expect(state.failedAt).toBe(launchedAt);
  });

  it('with a failure that it has taken back is undone by nobody', () => {
    ends({ findings: [finding()], failedAt: launchedAt });
    ends({ findings: [finding()], settled: [entry.id] });
    expect(state.failedAt).toBeNull();
  });
});

it('another step than the launch says nothing of whether the launch is seen', () => {
  running('load-and-diagnosis', 0);
  state.watch.unseenSinceMs = NOW_MS;
  ends({ findings: [fine] });
  expect(state.watch.unseenSinceMs).toBe(NOW_MS);
});
