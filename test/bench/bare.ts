// The smallest workflow that could stand in for a countdown: it waits, and counts what it is told. What any countdown costs at least.
import { condition, defineSignal, setHandler } from '@temporalio/workflow';

const tickSignal = defineSignal<[{ checkpoint: string; by: string; comment: string }]>('approve');

export async function bare(hours: number): Promise<number> {
  let ticks = 0;
  setHandler(tickSignal, () => void (ticks += 1));
  await condition(() => false, hours * 3_600_000);
  return ticks;
}
