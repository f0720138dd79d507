// The real Alertmanager on loopback with a configuration of a test.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../activities/testing/free-port.ts';

export interface AlertmanagerProcess {
  /** `127.0.0.1:9093`. */
  address: string;
  /** Receivers to which it routes an alert of these labels. */
  receiversOf(labels: Readonly<Record<string, string>>): Promise<string[]>;
  close(): Promise<void>;
}

const READY_TIMEOUT_MS = 30_000;

/** Starts one and waits until it is ready. @param config as alertmanager.yaml has it */
export async function alertmanagerProcess(config: object): Promise<AlertmanagerProcess> {
  const program = process.env['TMINUS_TOOL_ALERTMANAGER'];
  if (!program || !existsSync(program))
    throw new Error('TMINUS_TOOL_ALERTMANAGER names no Alertmanager: `./scripts/lab tool alertmanager` builds one');
  const folder = await mkdtemp(join(tmpdir(), 'tminus-alertmanager-'));
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(folder, 'alertmanager.yaml');
  await writeFile(file, JSON.stringify(config));
  const argv = [`--config.file=${file}`, `--storage.path=${folder}`, `--web.listen-address=${address}`, '--cluster.listen-address='];
  const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
  const ended = new Promise((done) => child.once('exit', done));
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await isReady(address))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await close();
      throw new Error(`Alertmanager was not ready within ${READY_TIMEOUT_MS / 1_000} s: ${log.slice(-500)}`);
    }
    await pause(100);
  }
  return { address, close, receiversOf: (labels) => receiversOf(address, labels) };
}

const isReady = (address: string): Promise<boolean> =>
  fetch(`http://${address}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );

async function receiversOf(address: string, labels: Readonly<Record<string, string>>): Promise<string[]> {
  const alerts = `http://${address}/api/v2/alerts`;
  const posted = await fetch(alerts, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels }]),
  });
  if (!posted.ok) throw new Error(`Alertmanager answered ${posted.status}: ${await posted.text()}`);
  const all = (await (await fetch(alerts)).json()) as { labels: Record<string, string>; receivers: { name: string }[] }[];
  const found = all.find((alert) => alert.labels['alertname'] === labels['alertname']);
  return (found?.receivers ?? []).map(({ name }) => name);
}
