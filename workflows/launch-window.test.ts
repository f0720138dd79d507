import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CheckpointState, CountdownState } from './countdown-state.ts';
import { closedWindow, expiredWaivers, launchMustBeginBy, late } from './launch-window.ts';
import { HOUR_MS, NOW_MS, at, finding, person, stateOfTest, undoEntry } from './testing/state.ts';

const WINDOW_MS = HOUR_MS / 2;
let state: CountdownState;
let launch: CheckpointState;
beforeEach(() => {
  jest.useFakeTimers({ now: NOW_MS });
  state = stateOfTest();
  launch = at(state, 'launch');
});
afterAll(() => {
  jest.useRealTimers();
});

const codes = ({ own }: CheckpointState) => own.map(({ code }) => code);
const afterWindow = (ms: number) => jest.setSystemTime(state.launchAtMs + WINDOW_MS + ms);

describe('a launch after its window', () => {
  it('is held, with how late it is', () => {
    afterWindow(90_000);
    launch.own.push(...closedWindow(state, launch));
    expect(launch.own).toMatchObject([
      {
        code: 'LaunchWindowClosed',
        outcome: 'inconclusive',
        measured: 90,
        limit: 0,
        unit: 's',
        message: 'the launch window closed 1 m 30 s ago; resume with a shifted launch time',
      },
    ]);
  });

  it('is held once, however often it is asked', () => {
    afterWindow(1);
    launch.own.push(...closedWindow(state, launch));
    launch.own.push(...closedWindow(state, launch));
    expect(codes(launch)).toEqual(['LaunchWindowClosed']);
  });

  it('is not held at the last moment of the window', () => {
    afterWindow(0);
    launch.own.push(...closedWindow(state, launch));
    expect(launch.own).toEqual([]);
  });

  it('is not held where another checkpoint is late that launches nothing', () => {
    afterWindow(1);
    const poll = at(state, 'final-poll');
    poll.pending = ['something else'];
    poll.own.push(...closedWindow(state, poll));
    expect(poll.own).toEqual([]);
  });

  it('is not held once its write was acknowledged', () => {
    afterWindow(1);
    state.launchedAt = '2026-11-26T09:00:00Z';
    launch.own.push(...closedWindow(state, launch));
    expect(launch.own).toEqual([]);
  });

  it('is held although its undo stands: that was registered before anything was written', () => {
    afterWindow(1);
    state.undo = [undoEntry()];
    launch.own.push(...closedWindow(state, launch));
    expect(codes(launch)).toEqual(['LaunchWindowClosed']);
  });

  it('is not held after the launch step ran', () => {
    afterWindow(1);
    launch.pending = ['guard'];
    launch.own.push(...closedWindow(state, launch));
    expect(launch.own).toEqual([]);
  });
});

describe('the launch step', () => {
  it('has to begin before its window closes', () =>
    expect(launchMustBeginBy(state, launch)).toEqual({ beginByMs: state.launchAtMs + WINDOW_MS }));

  it('may begin late where people have accepted that', () => {
    launch.own = [late(launch, 'LaunchWindowClosed', 'late', 1, 0)];
    expect(launchMustBeginBy(state, launch)).toEqual({});
  });

  it('is not late because something else was', () => {
    launch.own = [late(launch, 'CheckpointMissed', 'late', 1, 0)];
    expect(launchMustBeginBy(state, launch)).toHaveProperty('beginByMs');
  });
});

describe('a waiver that was given at an earlier checkpoint', () => {
  const slow = finding();
  const waived = (change: { expiresAtMs?: number; said?: string; finding?: string } = {}) => ({
    finding: 'LatencyAboveLimit/POST /order',
    said: slow.message,
    reason: 'known',
    by: person('li.wei'),
    expiresAtMs: NOW_MS + HOUR_MS,
    ...change,
  });
  beforeEach(() => {
    state.checkpoints[0]!.own = [slow];
  });

  it('carries the launch while it lasts', () => {
    state.checkpoints[0]!.waivers = [waived()];
    launch.own.push(...expiredWaivers(state, launch));
    expect(launch.own).toEqual([]);
  });

  it.each([
    ['has expired', waived({ expiresAtMs: NOW_MS })],
    ['was given for another measurement', waived({ said: 'p99 is 301 ms' })],
    ['was given for another finding', waived({ finding: 'ErrorRateAboveLimit/POST /order' })],
  ])('holds the launch where it %s', (_what, waiver) => {
    state.checkpoints[0]!.waivers = [waiver];
    launch.own.push(...expiredWaivers(state, launch));
    expect(launch.own).toMatchObject([
      {
        code: 'WaiverExpired',
        subject: 'load-and-diagnosis: LatencyAboveLimit/POST /order',
        outcome: 'inconclusive',
        message: `the waiver of LatencyAboveLimit/POST /order at load-and-diagnosis expired before the launch: ${slow.message}`,
      },
    ]);
  });

  it('holds the launch once for each finding, however often it is asked', () => {
    state.checkpoints[1]!.own = [finding({ subject: 'GET /cart' })];
    launch.own.push(...expiredWaivers(state, launch));
    launch.own.push(...expiredWaivers(state, launch));
    expect(launch.own.map(({ subject }) => subject)).toEqual([
      'load-and-diagnosis: LatencyAboveLimit/POST /order',
      'final-poll: LatencyAboveLimit/GET /cart',
    ]);
  });

  it('holds also beside another finding of the countdown itself', () => {
    launch.own = [
      finding({ code: 'CheckpointMissed', subject: 'load-and-diagnosis: LatencyAboveLimit/POST /order' }),
      finding({ code: 'WaiverExpired', subject: 'final-poll: LatencyAboveLimit/GET /cart' }),
    ];
    launch.own.push(...expiredWaivers(state, launch));
    expect(codes(launch)).toEqual(['CheckpointMissed', 'WaiverExpired', 'WaiverExpired']);
  });

  it('is not asked for where everything passed', () => {
    state.checkpoints[0]!.own = [finding({ outcome: 'pass' })];
    launch.own.push(...expiredWaivers(state, launch));
    expect(launch.own).toEqual([]);
  });

  it('is not asked for at a checkpoint that is still open: that is judged by itself', () => {
    state.checkpoints[0]!.passed = false;
    launch.own.push(...expiredWaivers(state, launch));
    expect(launch.own).toEqual([]);
  });

  it('is not asked for once the launch was written', () => {
    state.launchedAt = '2026-11-26T09:00:00Z';
    launch.own.push(...expiredWaivers(state, launch));
    expect(launch.own).toEqual([]);
  });

  it('is not asked for by a checkpoint that launches nothing', () => {
    const poll = at(state, 'final-poll');
    poll.own.push(...expiredWaivers(state, poll));
    expect(poll.own).toEqual([]);
  });
});

it('says how late something came, in whole seconds, as a finding that holds', () =>
  expect(late(launch, 'CheckpointMissed', 'T-0 was reached late', 3_630_000, 300_000)).toEqual({
    code: 'CheckpointMissed',
    subject: 'launch',
    outcome: 'inconclusive',
    measured: 3_630,
    limit: 300,
    unit: 's',
    message: 'T-0 was reached late',
    evidence: [],
  }));
