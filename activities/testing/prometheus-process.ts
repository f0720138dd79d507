// The real Prometheus on loopback with a configuration of a test.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';

export interface PrometheusProcess {
  url: string;
  /** Again after a stop, on the same data. */
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface Alert {
  labels: Record<string, string>;
  state: string;
  annotations: Record<string, string>;
}

const READY_TIMEOUT_MS = 30_000;

/** The program, by TMINUS_TOOL_PROMETHEUS or PATH. Throws when it is missing, so that no test is skipped. */
function program(): string {
  const folders = (process.env['PATH'] ?? '').split(':');
  const candidates = [process.env['TMINUS_TOOL_PROMETHEUS'], ...folders.map((folder) => join(folder, 'prometheus'))];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (!found)
    throw new Error('no Prometheus was found: `./scripts/lab tool prometheus` builds one, and TMINUS_TOOL_PROMETHEUS names its path');
  return found;
}

/** Starts one and waits until it is ready. @param config as prometheus.yml has it */
export async function prometheusProcess(config: object): Promise<PrometheusProcess> {
  // Looked for first: nothing may be left open where it is missing.
  const binary = program();
  const folder = await mkdtemp(join(tmpdir(), 'tminus-prometheus-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  let child: ChildProcess | undefined;
  const prometheus: PrometheusProcess = {
    url,
    async start() {
      const argv = [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ];
      child = spawn(binary, argv, { stdio: 'ignore' });
      const deadline = performance.now() + READY_TIMEOUT_MS;
      while (!(await isReady(url))) {
        if (performance.now() > deadline) throw new Error(`Prometheus was not ready within ${READY_TIMEOUT_MS / 1_000} s`);
        await pause(100);
      }
    },
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child?.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    },
    async close() {
      await prometheus.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await prometheus.start();
  return prometheus;
}

/** The alert of this name, while it fires; null otherwise, also while Prometheus does not answer. */
export async function firingAlert(url: string, name: string): Promise<Alert | null> {
  const answer = await fetch(`${url}/api/v1/alerts`).catch(() => null);
  if (!answer?.ok) return null;
  const { data } = (await answer.json()) as { data: { alerts: Alert[] } };
  return data.alerts.find(({ labels, state }) => labels['alertname'] === name && state === 'firing') ?? null;
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
