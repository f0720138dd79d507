// The countdown with one timer more at its start: what a careless change would look like to a countdown that is under way.
import { sleep } from '@temporalio/workflow';
import { countdown as original } from '../../workflows/countdown.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';

export async function countdown(input: CountdownInput): Promise<unknown> {
  await sleep('1s');
  return original(input);
}
