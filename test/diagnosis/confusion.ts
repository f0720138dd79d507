// `npm run confusion [-- FOLDER [FAULT ...]]`: breaks the candidate on the lab in twelve ways, each alone, leaves it whole ten times, asks the diagnosis
// each time, and writes docs/explanation/confusion.md. With a folder of runs captured before, only asks again; with faults behind it, captures
// those again first.
import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordOf } from '../../activities/diagnosis/record-of.ts';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import type { Finding } from '../../verdict/finding.ts';
import { captureRun, seeded, STAGES, type CapturedRun } from './runs.ts';

const HEALTHY_RUNS = 10;
const HEALTHY = 'NothingToExplain';
const page = join(import.meta.dirname, '../../docs/explanation/confusion.md');
const tell = (line: string) => void process.stdout.write(`${line}\n`);

interface Answer {
  run: string;
  fault: string;
  wanted: string;
  finding: Finding;
}

async function capture(folder: string): Promise<void> {
  const faults = [...Object.keys(seeded), ...Array.from({ length: HEALTHY_RUNS }, () => 'none')];
  let healthy = 0;
  for (const fault of faults)
    await captureRun(fault, fault === 'none' ? `healthy-${String((healthy += 1)).padStart(2, '0')}` : fault, folder, tell);
}

async function ask(folder: string): Promise<Answer[]> {
  const store = createFolderEvidenceStore(join(folder, 'evidence'));
  const answers: Answer[] = [];
  for (const name of (await readdir(join(folder, 'runs'))).sort()) {
    const run = JSON.parse(await readFile(join(folder, 'runs', name), 'utf8')) as CapturedRun;
    const { findings, facts } = await diagnose(recordOf(run.input, run.gathered), (digest) => store.get(digest), 'sha256:record');
    const [finding] = findings;
    if (!finding) throw new Error(`${name}: the diagnosis says nothing`);
    const wanted = run.fault === 'none' ? HEALTHY : seeded[run.fault as keyof typeof seeded];
    answers.push({ run: name.replace(/\.json$/u, ''), fault: run.fault, wanted, finding });
    tell(`${finding.code === wanted ? 'right' : 'WRONG'}  ${name.replace(/\.json$/u, '').padEnd(18)} ${finding.code}: ${finding.message}`);
    if (finding.code !== wanted) for (const { subject, text } of facts) tell(`         ${subject}: ${text}`);
  }
  return answers;
}

function markdown(answers: readonly Answer[]): string {
  const broken = answers.filter(({ fault }) => fault !== 'none');
  const whole = answers.filter(({ fault }) => fault === 'none');
  const right = broken.filter(({ wanted, finding }) => finding.code === wanted).length;
  const alarms = whole.filter(({ finding }) => finding.outcome === 'fail').length;
  const codes = [...new Set([...broken.map(({ wanted }) => wanted), ...answers.map(({ finding }) => finding.code)])];
  const seconds = STAGES.map(({ duration }) => duration).join(' and ');
  return `<!-- Written by npm run confusion; do not edit. -->

# Right and wrong causes

Which cause the diagnosis names for a known fault. The candidate of the [lab](../how-to/use-the-lab.md) runs in staging with one
fault armed in each of its three pods; k6 offers it 300 requests/s over ${seconds}; the first finding of the diagnosis counts. The
diagnosis gets the profiles, samples, statements and traces of the load test, and no information about the fault.

**${right} of ${broken.length} faults named correctly, ${alarms} false alarms in ${whole.length} healthy runs** (${new Date().toISOString().slice(0, 10)}, one machine with
${availableParallelism()} processors for the whole lab, load generator included).

    ./scripts/lab up && ./scripts/lab shop && npm run confusion

| fault armed | ${codes.map((code) => `\`${code}\``).join(' | ')} |
|---|${codes.map(() => '---').join('|')}|
${[...broken.map(({ run }) => run), 'none']
  .map((name) => {
    const of = name === 'none' ? whole : broken.filter(({ run }) => run === name);
    return `| ${name} | ${codes.map((code) => of.filter(({ finding }) => finding.code === code).length || '').join(' | ')} |`;
  })
  .join('\n')}

The faults are in \`lab/target/internal/fault/\`, one file each; their strengths are chosen so that 150 orders/s on three pods show them.
The thresholds of the ranking (\`analysis/cause/\`) were set on an earlier capture, not on this one. A service that is slow for two reasons gets the
one that accounts for more; the other is reported as a fact.
`;
}

const [given, ...again] = process.argv.slice(2);
const folder = given ?? (await mkdtemp(join(tmpdir(), 'tminus-confusion-')));
if (given === undefined) await capture(folder);
for (const fault of again) await captureRun(fault, fault, folder, tell);
const answers = await ask(folder);
await writeFile(page, markdown(answers));
tell(`${page} written; the runs are kept in ${folder}`);
process.exitCode = answers.every(({ wanted, finding }) => finding.code === wanted) ? 0 : 1;
