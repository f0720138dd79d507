// Which carried state a run after a continue-as-new accepts, with activities played: no Temporal server.
import { expect, it, jest } from '@jest/globals';
import { stateOfTest } from './testing/state.ts';

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
    sealCarried: async ({ digest }: { digest: string }) => ({ seal: { keyId: 'k', signature: digest } }),
    admit: async ({ carried }: { carried: { digest: string; seal: { signature: string } } }) => {
      if (carried.digest !== carried.seal.signature)
        throw new Error('the state that this run carries is not the one that a worker sealed for it');
      return { keyId: 'k', signature: 's' };
    },
  }),
}));
const { admit, carry, initialState } = await import('./admission.ts');
const { listen } = await import('./acts.ts');

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
