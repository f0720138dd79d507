// For tests: the real Prometheus on loopback, scraping pods that a test plays.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createPortProbe, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a played pod counts. */
export interface PlayedPod {
  requests: number;
  errors: number;
  slow: number;
  /** False: its scrapes fail. */
  up: boolean;
}

export interface RealPrometheus {
  url: string;
  /** Pods by name; change them as time goes on. */
  pods: Record<string, PlayedPod>;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** The program, by TMINUS_TOOL_PROMETHEUS or PATH. Throws with a sentence: a test that is skipped proves nothing. */
function program(): string {
  const candidates = [
    process.env['TMINUS_TOOL_PROMETHEUS'],
    ...(process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'prometheus')),
  ];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (!found) throw new Error('prometheus is needed for these tests and was not found: set TMINUS_TOOL_PROMETHEUS to its path');
  return found;
}

/** `doubled`: a second job scrapes the same pods. `codeLabel`: what the pods call the label of their answers' status. */
export async function startRealPrometheus(names: readonly string[], { doubled = false, codeLabel = 'code' } = {}): Promise<RealPrometheus> {
  // Looked for first: nothing may be left open where it is missing.
  const binary = program();
  const pods: Record<string, PlayedPod> = Object.fromEntries(names.map((name) => [name, { requests: 0, errors: 0, slow: 0, up: true }]));
  const exporter = await listen((name) => (pods[name] ? metrics(pods[name], codeLabel) : null));
  const folder = await mkdtemp(join(tmpdir(), 'tminus-prometheus-'));
  const port = await freePort();
  const job = (jobName: string) => ({
    job_name: jobName,
    scrape_interval: '500ms',
    scrape_timeout: '400ms',
    static_configs: names.map((pod) => ({
      targets: [`127.0.0.1:${exporter.port}`],
      labels: { namespace: 'shop', pod, __metrics_path__: `/${pod}` },
    })),
  });
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs: [job('pods'), ...(doubled ? [job('again')] : [])] }));
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  const real: RealPrometheus = {
    url,
    pods,
    start: async () => {
      child = spawn(
        binary,
        [
          `--config.file=${join(folder, 'prometheus.yml')}`,
          `--storage.tsdb.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--log.level=error',
        ],
        { stdio: 'ignore' },
      );
      const endsAt = performance.now() + 30_000;
      while (performance.now() < endsAt) {
        const ready = await fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (ready) return;
        await new Promise((done) => setTimeout(done, 100));
      }
      throw new Error('prometheus was not ready within 30 s');
    },
    stop: async () => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child?.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    },
    close: async () => {
      await real.stop();
      exporter.server.closeAllConnections();
      await new Promise((done) => exporter.server.close(done));
      await rm(folder, { recursive: true, force: true });
    },
  };
  await real.start();
  return real;
}

function metrics({ requests, errors, slow, up }: PlayedPod, codeLabel: string): string | null {
  if (!up) return null;
  const series = (code: string, count: number, late: number) =>
    [
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="0.1"} ${count - late}`,
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="0.3"} ${count - late}`,
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="1"} ${count}`,
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="+Inf"} ${count}`,
      `http_request_duration_seconds_count{route="/api/order/create",${codeLabel}="${code}"} ${count}`,
      `http_request_duration_seconds_sum{route="/api/order/create",${codeLabel}="${code}"} ${count * 0.1}`,
    ].join('\n');
  // Probes answer in a bucket of their own; they must count for nothing.
  const probes = `http_request_duration_seconds_count{route="/healthz",${codeLabel}="200"} 1000000\nhttp_request_duration_seconds_bucket{route="/healthz",${codeLabel}="200",le="0.3"} 1000000`;
  return `# TYPE http_request_duration_seconds histogram\n${series('200', requests - errors, slow)}\n${errors > 0 ? `${series('500', errors, 0)}\n` : ''}${probes}\n`;
}

async function listen(page: (name: string) => string | null): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const text = page((request.url ?? '').slice(1));
    if (text === null) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as AddressInfo).port };
}

async function freePort(): Promise<number> {
  const probe = createPortProbe();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
