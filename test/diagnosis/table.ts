// node test/diagnosis/table.ts FOLDER: asks the diagnosis what every captured run means, and prints the confusion table.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import { recordOf } from '../../activities/analysis/record-of.ts';
import { seeded, type CapturedRun } from './runs.ts';

const folder = process.argv[2] as string;
const store = createFolderEvidenceStore(join(folder, 'evidence'));
const names = (await readdir(join(folder, 'runs'))).sort();
for (const name of names) {
  const run = JSON.parse(await readFile(join(folder, 'runs', name), 'utf8')) as CapturedRun;
  const started = performance.now();
  const diagnosis = await diagnose(recordOf(run.input, run.gathered), (digest) => store.get(digest), 'sha256:record');
  const wanted = run.fault === 'none' ? 'NothingToExplain' : seeded[run.fault as keyof typeof seeded];
  const got = diagnosis.findings[0]?.code ?? '';
  console.log(`${got === wanted ? 'ok   ' : 'WRONG'} ${name.padEnd(22)} ${got}  ${Math.round(performance.now() - started)} ms`);
  if (got !== wanted || process.argv[3] === '-v') {
    for (const finding of diagnosis.findings) console.log('      ', finding.message);
    for (const fact of diagnosis.facts) console.log('        ', fact.subject, '|', fact.text);
    console.log('        ', diagnosis.causes.map(({ code, share }) => `${code} ${share.toFixed(2)}`).join(', '));
  }
}
