// `npm run guard-rates [-- --runs 500]`: plays versions to the guard and services to the load test's judge, and writes docs/explanation/guard-rates.md.
// Needs nothing but Node; a few minutes of one processor. Ends with 1 when a promise is not kept.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { markdown } from './page.ts';
import { broken, measure } from './promises.ts';

/** A share of 1 % is known to 0.9 % by 500 runs (95 %). */
const RUNS = '500';
const page = join(import.meta.dirname, '../../docs/explanation/guard-rates.md');
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({ options: { runs: { type: 'string', default: RUNS } } });
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1) {
  print(`--runs ${values.runs}: give a whole number of at least 1`);
  process.exit(2);
}
const measured = measure(runs, print);
writeFileSync(page, markdown(measured));
const failures = broken(measured);
for (const failure of failures) print(`NOT KEPT  ${failure}`);
print(`${page} written; ${failures.length === 0 ? 'every promise is kept' : `${failures.length} promises are not kept`}`);
process.exitCode = failures.length === 0 ? 0 : 1;
