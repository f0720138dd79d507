// The table of the sweep, as the program prints it and as docs/explanation/sweep.md keeps it.
import { availableParallelism } from 'node:os';
import type { Outcome } from './run.ts';

const verdictOf = ({ failed }: Outcome): string => (failed.length === 0 ? 'ok' : `FAILED: ${failed.join('; ')}`);
const restored = ({ restoredS }: Outcome): string => (restoredS === null ? '' : restoredS.toFixed(1));

/** One line of the terminal. */
export const outcomeLine = (outcome: Outcome): string => {
  const { planned, ended, launchWrites, rollbackWrites, seconds } = outcome;
  const what = `${planned.points.join(' + ').padEnd(42)} ${planned.mode.padEnd(9)} ${planned.path.padEnd(11)}`;
  return `${what} ${ended.padEnd(11)} writes ${launchWrites} ${rollbackWrites}  restored ${restored(outcome).padStart(4)}  ${seconds.toFixed(0).padStart(3)} s  ${verdictOf(outcome)}`;
};

/** The page. */
export function markdown(outcomes: readonly Outcome[], minutes: number, parallel: number): string {
  const rows = outcomes.map((outcome) => {
    const { planned, ended, launchWrites, rollbackWrites } = outcome;
    const cells = [
      `\`${planned.points.join('`, `')}\``,
      planned.mode,
      planned.path,
      ended,
      launchWrites,
      rollbackWrites,
      restored(outcome),
    ];
    return `| ${cells.join(' | ')} | ${verdictOf(outcome).replaceAll('|', '\\|')} |`;
  });
  const slowest = Math.max(0, ...outcomes.map(({ restoredS }) => restoredS ?? 0));
  return `<!-- Written by npm run sweep; do not edit. -->

# A worker that dies, a countdown that is terminated

What happens to a launch when its worker is killed (\`kill -9\`, then started again) or its countdown is terminated at each failpoint of capture,
registration, launch, guard, rollback and settlement. Each run launches one pod of the [lab](../how-to/use-the-lab.md)'s target in a namespace of its own, with a plan of
launch and guard only; one candidate is healthy, the other fails under the guard. Writes are counted by the API server's audit log.

    ./scripts/lab up && npm run sweep -- --write

**${outcomes.filter(({ failed }) => failed.length === 0).length} of ${outcomes.length} runs ended as they should**, in ${minutes.toFixed(0)} minutes, ${parallel} at a time (${new Date().toISOString().slice(0, 10)}, one machine with ${availableParallelism()} processors
for the whole lab). The slowest restore after a termination took ${slowest.toFixed(1)} s.

| failpoint | what happens there | without it | ended as | launch writes | rollback writes | seconds to restore | |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}
