// A guard in the hands of a test. It sends heartbeats, as the real one does: without them it would be taken for dead within seconds.
import { Context } from '@temporalio/activity';
import type { GuardInput, GuardReport } from '../../activities/steps-contract.ts';

/** A guard that answers one report after the other as the test hands them out, and records how it was asked. */
export function scriptedGuard() {
  const asked: GuardInput[] = [];
  let waiting: ((report: GuardReport) => void)[] = [];
  return {
    asked,
    async runGuard(input: GuardInput): Promise<GuardReport> {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), 500);
      let answer: (report: GuardReport) => void = () => undefined;
      try {
        const answered = new Promise<GuardReport>((resolve) => (answer = resolve));
        asked.push(input);
        waiting.push(answer);
        return await Promise.race([answered, context.cancelled]);
      } finally {
        clearInterval(beat);
        // A guard that was cancelled takes no answer meant for the next one.
        waiting = waiting.filter((each) => each !== answer);
      }
    },
    async answer(next: GuardReport) {
      while (waiting.length === 0) await new Promise((again) => setTimeout(again, 20));
      // The newest: one that was cancelled may not have heard of it yet.
      waiting.pop()?.(next);
    },
  };
}
