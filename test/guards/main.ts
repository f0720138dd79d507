// `npm run guards [-- --only refusals,run-guard] [--write]`: removes each guard of the code that stands between a bad version and people, one at a time,
// and runs the tests that reach it. Works in a copy of the checkout. Workflows need a Temporal server (TMINUS_TEMPORAL, default 127.0.0.1:7233).
// `--write` writes docs/explanation/guards.md. Ends with 1 when a guard is missed by no test.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { areasOf, stagesFor, type Stages } from './areas.ts';
import { mutantsOf, type Mutant } from './mutants.ts';
import { judgedLine, markdown, type Judged } from './page.ts';
import { runTests } from './run-tests.ts';

/** All countdowns together take minutes; a whole stage that takes longer hangs. */
const BASELINE_TIMEOUT_MS = 15 * 60_000;
/** A mutant may make its tests wait for their own time-outs; past twice the usual time and this it hangs, which a gate would notice. */
const SLACK_MS = 60_000;

const root = resolve(import.meta.dirname, '../..');
const tell = (line: string): void => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean' } } });
if (values.write && values.only !== undefined) throw new Error('--write needs all areas; leave --only out');
const areas = areasOf(root).filter(({ name }) => values.only?.split(',').includes(name) ?? true);
const copy = copyOfCheckout();
/** How long a stage takes on the code as it is, by its test files. */
const usualMs = new Map<string, number>();
try {
  const judged: Judged[] = [];
  for (const { name, files } of areas)
    for (const file of files) {
      const stages = stagesFor(copy, file);
      for (const stage of stages) await takeTime(stage);
      for (const mutant of mutantsOf(file, readFileSync(join(root, file), 'utf8'))) {
        const each = await judge(mutant, stages, name);
        judged.push(each);
        tell(judgedLine(each));
      }
    }
  const noticed = judged.filter(({ noticedBy }) => noticedBy !== null).length;
  tell(`${noticed} of ${judged.length} guards are noticed when they are gone`);
  if (values.write) {
    const page = join(root, 'docs/explanation/guards.md');
    writeFileSync(
      page,
      markdown(
        judged,
        areas.map(({ name }) => name),
      ),
    );
    tell(`${page} written`);
  }
  process.exitCode = noticed === judged.length ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Files as they stand, committed or not. Outside of the checkout, whose own tests must not find those of the copy. */
function copyOfCheckout(): string {
  const made = mkdtempSync(join(tmpdir(), 'tminus-guards-'));
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  for (const file of files.split('\0').filter((each) => existsSync(join(root, each)) && each !== '' && each !== 'node_modules'))
    cpSync(join(root, file), join(made, file), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(made, 'node_modules'));
  return made;
}

/** A stage that fails without any change would notice everything. */
async function takeTime(stage: readonly string[]): Promise<void> {
  if (usualMs.has(stage.join())) return;
  const began = Date.now();
  const result = await runTests(copy, stage, BASELINE_TIMEOUT_MS);
  if (result !== 'passed') throw new Error(`these tests ${result} with every guard in place: ${stage.join(', ')}`);
  usualMs.set(stage.join(), Date.now() - began);
}

async function judge(mutant: Mutant, stages: Stages, area: string): Promise<Judged> {
  const began = Date.now();
  const place = join(copy, mutant.file);
  const whole = readFileSync(place, 'utf8');
  writeFileSync(place, mutant.text);
  try {
    for (const stage of stages)
      if ((await runTests(copy, stage, 2 * (usualMs.get(stage.join()) ?? 0) + SLACK_MS)) !== 'passed')
        return { ...mutant, area, noticedBy: stage.join(', '), seconds: (Date.now() - began) / 1_000 };
    return { ...mutant, area, noticedBy: null, seconds: (Date.now() - began) / 1_000 };
  } finally {
    writeFileSync(place, whole);
  }
}
