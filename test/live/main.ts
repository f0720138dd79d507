// `npm run live-faults [-- --only a,f,w] [--noise] [--write]`: breaks a version that is live, on the lab with real traffic, and measures how fast people
// hear of it and the old version is back. Needs the lab (`scripts/lab up`). `--noise` launches a healthy version ten times besides; `--write`
// writes docs/explanation/live-faults.md. Ends with 1 when a limit is missed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deployShop, paths, resetShop, smallDisk, stopTraffic, toolPath, uncordon, type SmallDisk } from '../../lab/index.ts';
import { freePort } from '../../activities/testing/free-port.ts';
import { startInstallation } from '../e2e/installation.ts';
import { liveCases, type LiveCase } from './faults.ts';
import { launch, prepareShop } from './launch.ts';
import { measure, type Row } from './measure.ts';
import { launchWithNoise } from './noise.ts';
import { ALERT_WITHIN_S, measureAlert, type AlertRow } from './alert.ts';
import { markdown, rowLine } from './page.ts';
import { openReceiver } from './receiver.ts';

const page = join(import.meta.dirname, '../../docs/explanation/live-faults.md');
const tell = (line: string): void => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({ options: { only: { type: 'string' }, noise: { type: 'boolean' }, write: { type: 'boolean' } } });
if (values.write && values.only !== undefined) throw new Error('--write needs all faults; leave --only out');

const wanted = values.only?.split(',') ?? [...liveCases.map(({ id }) => id), 'w'];
const receiver = await openReceiver();
const { current, candidate } = await deployShop({}, tell);
let disk: SmallDisk | undefined;
process.env['TMINUS_TOOL_PROMETHEUS'] = await toolPath('prometheus', tell);
const metrics = `127.0.0.1:${await freePort()}`;
const installation = await startInstallation({
  env: { TMINUS_METRICS_ADDRESS: metrics },
  environment: paths().environment,
  temporal: paths().temporal,
  spec: () => ({ notify: { oncall: { type: 'webhook', url: { value: receiver.url } } } }),
  prepare: async (home) => void (disk = await smallDisk(join(home, 'evidence'))),
});
try {
  const rows: Row[] = [];
  for (const each of liveCases.filter(({ id }) => wanted.includes(id))) {
    const row = await run(each);
    rows.push(row);
    tell(rowLine(row));
  }
  const alert = wanted.includes('w') ? await alerted() : null;
  const noisy = values.noise
    ? await launchWithNoise(installation, candidate, ({ what, ending, ok }) =>
        tell(`${ok ? 'ok    ' : 'FAILED'} ${what.padEnd(24)} ${ending}`),
      )
    : null;
  if (values.write) {
    writeFileSync(page, markdown(rows, alert, noisy));
    tell(`${page} written`);
  }
  const ok = rows.every(({ failed }) => failed.length === 0) && (alert?.ok ?? true) && (noisy ?? []).every((each) => each.ok);
  process.exitCode = ok ? 0 : 1;
} finally {
  await uncordon();
  await stopTraffic();
  await installation.close();
  await disk?.close();
  receiver.close();
  await resetShop();
}

/** The worker stands still while a version is live. */
async function alerted(): Promise<AlertRow> {
  await prepareShop();
  const row = await measureAlert(installation, await launch(installation, candidate, 'live-w'), metrics);
  const seconds = row.alertS?.toFixed(1) ?? 'none';
  tell(
    `w  the only worker stands still                   alert   ${seconds}  alert <= ${ALERT_WITHIN_S}  ${row.ending}  ${row.ok ? 'ok' : 'FAILED'}`,
  );
  return row;
}

/** A case that cannot be measured has failed; the others are measured all the same. */
async function run(each: LiveCase): Promise<Row> {
  try {
    await prepareShop();
    const release = await launch(installation, candidate, `live-${each.id}`);
    return await measure(each, { installation, disk: disk!, release, candidate }, receiver, current);
  } catch (error) {
    tell(String(error));
    return { id: each.id, what: each.what, messageS: null, writeS: null, ending: 'not measured', limit: '', failed: ['measurement'] };
  }
}
