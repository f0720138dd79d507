// `npm run sweep [-- --parallel 4] [--only TEXT] [--write]`: lets the worker die, and terminates the countdown, at every failpoint of a launch. Needs
// the lab (`scripts/lab up`). `--only` keeps the failpoints whose name holds the text; `--write` writes docs/explanation/sweep.md. Ends with 1 when a
// run does not end as it should.
//
// A failpoint is a file in the folder TMINUS_FAILPOINTS of the worker, named as the failpoint. Empty: the worker kills itself there. With the
// content `pause`: it writes `<name>.reached` and waits until the file is removed (30 s at most), so that the countdown can be terminated at
// exactly that place while the activity under way knows nothing of it.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { markdown, outcomeLine } from './page.ts';
import { sweepPlan } from './points.ts';
import { run, sweepImages, type Outcome } from './run.ts';

/** On two processors four runs take about as long together as two, for most of a run is waiting; more starve the workers that start. */
const PARALLEL = '4';
const root = resolve(import.meta.dirname, '../..');
const tell = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: { parallel: { type: 'string', default: PARALLEL }, only: { type: 'string' }, write: { type: 'boolean' } },
});
if (values.write && values.only !== undefined) throw new Error('--write needs all failpoints; leave --only out');
const parallel = Number(values.parallel);
const began = Date.now();
mkdirSync(join(root, '.tminus'), { recursive: true });
const home = mkdtempSync(join(root, '.tminus/sweep-'));
const images = await sweepImages();
const plan = sweepPlan().filter(({ points }) => points[0]?.includes(values.only ?? ''));
const outcomes: Outcome[] = [];
let next = 0;
await Promise.all(Array.from({ length: parallel }, takeTurns));

const minutes = (Date.now() - began) / 60_000;
const failed = outcomes.filter((outcome) => outcome?.failed.length !== 0).length;
tell(`${plan.length - failed} of ${plan.length} runs ended as they should, in ${minutes.toFixed(1)} minutes`);
if (values.write) {
  const page = join(root, 'docs/explanation/sweep.md');
  writeFileSync(page, markdown(outcomes, minutes, parallel));
  tell(`${page} written`);
}
process.exitCode = failed === 0 ? 0 : 1;

/** Outcomes stand in the order of the plan, whoever is done first. */
async function takeTurns(): Promise<void> {
  for (let index = next++; index < plan.length; index = next++) {
    const outcome = await run(plan[index]!, images, home);
    outcomes[index] = outcome;
    tell(`${String(index + 1).padStart(3)} of ${plan.length}  ${outcomeLine(outcome)}`);
  }
}
