// node test/diagnosis/capture.ts FOLDER [FAULT ...]: captures the runs of the confusion table on the lab that is up.
import { captureRun, seeded } from './runs.ts';

const HEALTHY_RUNS = 10;
const [folder, ...asked] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder that keeps the runs');
const all = [...Object.keys(seeded), ...Array.from({ length: HEALTHY_RUNS }, () => 'none')];
let healthy = 0;
for (const fault of asked.length > 0 ? asked : all) {
  const name = fault === 'none' ? `healthy-${(healthy += 1)}` : fault;
  await captureRun(fault, name, folder, (line) => process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`));
}
