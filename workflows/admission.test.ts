// Which carried state a run after a continue-as-new accepts, with activities fake: no Temporal server.
import { expect, it, jest } from '@jest/globals';
import type { Step } from '../release/steps/registry.ts';
import { stateOfTest } from './testing/state.ts';

/** The run that asks, where it was reset. */
let resetRun: string | null = null;
/** Signals that came in before the first task of the run: SDK 1.24 buffers them, and setHandler hands them to the handler at once. */
let buffered: Record<string, unknown[]> = {};
const actual = await import('@temporalio/workflow');
jest.unstable_mockModule('@temporalio/workflow', () => ({
  ...actual,
  CancellationScope: { current: () => ({ cancel: () => undefined }), nonCancellable: (w: () => unknown) => w() },
  workflowInfo: () => ({ workflowId: 'countdown/r', firstExecutionRunId: 'run-1', runId: 'run-2' }),
  allHandlersFinished: () => true,
  condition: async (holds: () => boolean) => holds(),
  setHandler: ({ name }: { name: string }, handler: (...args: unknown[]) => unknown) => {
    for (const sent of buffered[name] ?? []) void handler(sent);
  },
  proxyActivities: () => ({
    sealCarried: async ({ digest, resets }: { digest: string; resets: string[] }) =>
      resetRun !== null && !resets.includes(resetRun) ? { reset: resetRun } : { seal: { keyId: 'k', signature: digest } },
    admit: async ({ carried }: { carried: { digest: string; seal: { signature: string } } }) => {
      if (carried.digest !== carried.seal.signature)
        throw new Error('the carried state of this run differs from the state that a worker sealed');
      return { keyId: 'k', signature: 's' };
    },
  }),
}));
const { admit, carry, initialState } = await import('./admission.ts');
const { listen } = await import('./actions.ts');
const { mustInspect } = await import('./inspect.ts');

it.each([{}, { hold: [{ actor: 'a', name: 'A', reason: 'wait' }] }])(
  'a carried run goes on, also with what came in before its first task: %j',
  async (signals: Record<string, unknown[]>) => {
    buffered = signals;
    const before = stateOfTest();
    Object.assign(before, {
      phase: 'counting',
      admission: { keyId: 'k', signature: 's' },
      input: { ...before.input, start: { payload: '{}', keyId: 'k', signature: 's' } },
    });
    const input = JSON.parse(JSON.stringify(await carry(before)));
    const initial = initialState(input);
    if (typeof initial === 'string') throw new Error(initial);
    const { state } = initial;
    listen(state, () => false);
    expect(state.holds).toHaveLength(Object.keys(signals).length);
    expect(await admit(initial, input)).toBeNull();
  },
);

it('the run after one that was reset records the reset, and is inspected anew before it launches', async () => {
  buffered = {};
  const before = stateOfTest();
  Object.assign(before, {
    phase: 'counting',
    admission: { keyId: 'k', signature: 's' },
    input: { ...before.input, start: { payload: '{}', keyId: 'k', signature: 's' } },
    inspectedVersion: before.version,
  });
  resetRun = 'run-1b';
  const given = JSON.parse(JSON.stringify(await carry(before)));
  resetRun = null;
  const initial = initialState(given);
  if (typeof initial === 'string') throw new Error(initial);
  expect(initial.state.resets).toEqual(['run-1b']);
  expect(mustInspect(initial.state, { type: 'launch', name: 'launch' } as Step)).toBe(true);
});
