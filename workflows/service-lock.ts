import { condition, defineSignal, setHandler } from '@temporalio/workflow';

// Anything may signal it, with or without a payload.
const unlockSignal = defineSignal<[{ holder?: string } | undefined]>('unlock');

/**
 * Holds the lock by being alive. It is a workflow of its own and not a child (docs/decisions/0006): an open child stops the virtual
 * clock of a rehearsal. A holder that ended without unlocking is recognised by whoever comes next, which looks whether it still runs.
 */
export async function serviceLock(holder: string): Promise<void> {
  let unlocked = false;
  setHandler(unlockSignal, (request) => {
    unlocked ||= request?.holder === holder;
  });
  await condition(() => unlocked);
}
