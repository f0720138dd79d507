import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { waiting } from '../../workflows/testing/example-status.ts';
import { CountdownFailure } from './countdowns.ts';
import { createLive, type LiveMessage } from './live.ts';

/** A live feed whose polls happen as fast as the event loop goes round, and that can be waited for. */
function feed(answers: () => CountdownStatus | Error) {
  let polls = 0;
  let wake: (() => void)[] = [];
  const faults: unknown[] = [];
  const live = createLive({
    pollMs: 0,
    onFault: (error) => faults.push(error),
    countdowns: {
      async status() {
        polls += 1;
        const waiting = wake;
        wake = [];
        for (const go of waiting) go();
        const answer = answers();
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  });
  const nextPoll = () => new Promise<void>((go) => wake.push(go));
  return {
    live,
    faults,
    polls: () => polls,
    rounds: async (count: number) => {
      for (let round = 0; round < count; round += 1) await nextPoll();
    },
  };
}

describe('live', () => {
  it('tells a status once, and again only when something changed', async () => {
    let status: CountdownStatus = waiting;
    let tick = 0;
    const { live, rounds } = feed(() => ({ ...status, now: new Date((tick += 1)).toISOString(), historyEvents: tick }));
    const heard: LiveMessage[] = [];
    const stop = live.listen('a', (message) => heard.push(message));
    await rounds(4);
    expect(heard).toHaveLength(1);
    status = { ...waiting, phase: 'holding' };
    await rounds(3);
    stop();
    expect(heard.map((message) => ('status' in message ? message.status.phase : ''))).toEqual(['waiting', 'holding']);
  });

  it('asks once for all who listen, and a later one hears at once', async () => {
    const { live, polls, rounds } = feed(() => waiting);
    const first: LiveMessage[] = [];
    const second: LiveMessage[] = [];
    const stopFirst = live.listen('a', (message) => first.push(message));
    await rounds(2);
    const before = polls();
    const stopSecond = live.listen('a', (message) => second.push(message));
    expect([second.length, polls()]).toEqual([1, before]);
    stopFirst();
    stopSecond();
  });

  it('asks nothing while nobody listens', async () => {
    const { live, polls, rounds } = feed(() => waiting);
    const stop = live.listen('a', () => undefined);
    await rounds(2);
    stop();
    const after = polls();
    // A poll under way may end; with timers of 0 ms ten rounds of the event loop would show many more.
    for (let round = 0; round < 10; round += 1) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(polls()).toBeLessThanOrEqual(after + 1);
  });

  it('says why there is no status, and goes on by itself when there is one again', async () => {
    let answer: CountdownStatus | Error = new CountdownFailure('NoWorker', 'no worker answered', 'start one');
    const { live, rounds, faults } = feed(() => answer);
    const heard: LiveMessage[] = [];
    const stop = live.listen('a', (message) => heard.push(message));
    await rounds(3);
    answer = waiting;
    await rounds(2);
    stop();
    expect(heard.map((message) => ('failure' in message ? message.failure : 'status'))).toEqual(['no worker answered', 'status']);
    expect(faults).toEqual([]);
  });

  it('reports a bug and keeps listening', async () => {
    const { live, rounds, faults } = feed(() => new TypeError('a bug'));
    const stop = live.listen('a', () => undefined);
    await rounds(2);
    stop();
    expect(faults.length).toBeGreaterThan(0);
  });

  it('tells the others though one listener throws, logs what it threw, and tells that one that there is no status', async () => {
    let status: CountdownStatus = waiting;
    const { live, rounds, faults } = feed(() => status);
    const bug = new TypeError('no such field');
    const failures: string[] = [];
    const heard: string[] = [];
    const stopThrowing = live.listen('a', (message) => {
      if ('status' in message) throw bug;
      failures.push(message.failure);
    });
    const stop = live.listen('a', (message) => heard.push('status' in message ? message.status.phase : message.failure));
    await rounds(2);
    const stopLater = live.listen('a', () => {
      throw bug;
    });
    status = { ...waiting, phase: 'holding' };
    await rounds(2);
    for (const end of [stopThrowing, stop, stopLater]) end();
    expect(heard).toEqual(['waiting', 'holding']);
    expect(failures).toEqual(Array(2).fill('the server cannot show the status of this countdown; its log has the details'));
    // The one that came later throws at the failure, too.
    expect(new Set(faults)).toEqual(new Set([bug]));
    expect(faults).toHaveLength(6);
  });
});
