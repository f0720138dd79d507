// Waits with a deadline: until the countdown changes, and with reminders to people.
import { condition } from '@temporalio/workflow';
import { announce } from './announce.ts';
import { record } from './change.ts';
import type { CheckpointState, CountdownState } from './countdown-state.ts';

/** Parts of a wait after which people are reminded; its end is announced by what becomes of the countdown then. */
const REMINDERS = [
  { part: 0.5, text: 'half of the time has passed' },
  { part: 0.9, text: '90 % of the time has passed' },
] as const;

export interface Wait {
  sinceMs: number;
  untilMs: number;
  /** What is waited for, as the timer's summary. */
  summary: string;
  /** Why, as people are reminded of it. */
  reason: string;
}

/** True as soon as something about the countdown changes, false at the deadline. Reminders are given by the clock alone: no state says which were. */
export async function untilChange(
  state: CountdownState,
  checkpoint: CheckpointState,
  { sinceMs, untilMs, summary, reason }: Wait,
): Promise<boolean> {
  const { version } = state;
  const changed = (): boolean => state.version !== version;
  for (const { part, text } of state.input.release.spec.notify.length > 0 ? REMINDERS : []) {
    const remainingMs = Math.round(sinceMs + part * (untilMs - sinceMs)) - Date.now();
    if (remainingMs <= 0) continue;
    if (await condition(changed, remainingMs, { summary: `${summary}; reminder` })) return true;
    record(state, Date.now(), 'tminus', 'people.reminded', checkpoint.name, text);
    announce(state, checkpoint, state.phase === 'stopped' ? 'no-go' : 'hold', `${text}: ${reason}`);
  }
  return condition(changed, Math.max(1, untilMs - Date.now()), { summary });
}
