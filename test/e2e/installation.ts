// A whole Tminus on the lab, as a user runs it: `tminus dev` as a process, people with tokens, the CLI as a process.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Failpoint } from '../../activities/failpoint.ts';
import { freePort } from '../../activities/testing/free-port.ts';
import { createToken } from '../../server/identity/tokens.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';

const root = resolve(import.meta.dirname, '../..');
const node = join(root, 'node_modules/.bin/node');

/** A cold start bundles workflows, starts three processes and waits for the server to know the worker's version. */
const READY_WITHIN_MS = 90_000;

export const PEOPLE = {
  requester: ['developers'],
  'li.wei': ['release-managers'],
  'a.osei': ['release-managers'],
} as const;
export type Person = keyof typeof PEOPLE;

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Installation {
  home: string;
  url: string;
  /** In Temporal. */
  namespace: string;
  /** Runs the CLI as one of the people. Never throws for an exit code. */
  tminus(who: Person, ...argv: string[]): Promise<Ran>;
  /** From the API: asked three times a second, a CLI process each time would take a processor away from what is measured. */
  status(release: string): Promise<CountdownStatus>;
  until(release: string, what: string, seen: (status: CountdownStatus) => boolean, withinMs?: number): Promise<CountdownStatus>;
  /** Lets the worker die there with SIGKILL, once. */
  dieAt(place: Failpoint): void;
  /** Deaths that were ordered and did not happen. */
  deathsToCome(): string[];
  devOutput(): string;
  /** SIGKILL for the worker process that runs now; `tminus dev` starts it again. */
  killWorker(): void;
  /** SIGSTOP for it: it neither dies nor does anything until it may go on. */
  stopWorker(): { goOn(): void };
  token(who: Person): string;
  /** Ends `tminus dev` and starts the server again by itself: no worker of any version runs any more. */
  serveAlone(): Promise<void>;
  close(): Promise<void>;
}

export interface InstallationOptions {
  /** The lab's environment file; people, keys and evidence get an own place. */
  environment: string;
  temporal: string;
  namespace?: string;
  /** In place of the same fields of the environment's `spec`, given the installation's own folder. */
  spec?: (home: string) => Record<string, unknown>;
  /** Besides that of this process. */
  env?: Record<string, string>;
  /** Done in the installation's folder before anything starts. */
  prepare?: (home: string) => Promise<void>;
}

/** Starts `tminus dev` with its own home, keys and people, on free ports. */
export async function startInstallation({
  environment,
  temporal,
  namespace = `e2e-${randomUUID()}`,
  spec = () => ({}),
  env = {},
  prepare = async () => undefined,
}: InstallationOptions): Promise<Installation> {
  mkdirSync(join(root, '.tminus'), { recursive: true });
  const home = mkdtempSync(join(root, '.tminus/e2e-'));
  const failpoints = join(home, 'failpoints');
  mkdirSync(failpoints);
  await prepare(home);
  const file = join(home, 'environment.yaml');
  const content = parse(readFileSync(environment, 'utf8'));
  Object.assign(content.spec, {
    evidence: { folder: join(home, 'evidence') },
    identity: {
      tokens: join(home, 'identity/tokens.yaml'),
      signingKey: join(home, 'identity/signing-key.pem'),
      publicKeys: join(home, 'identity/public-keys'),
    },
    ...spec(home),
  });
  writeFileSync(file, stringify(content));
  const tokens = Object.fromEntries(
    Object.entries(PEOPLE).map(([subject, groups]) => [
      subject,
      createToken(content.spec.identity.tokens, { subject, displayName: subject, groups: [...groups] }),
    ]),
  );
  const port = await freePort();
  const processEnv = { ...process.env, ...env, TMINUS_HOME: home, TMINUS_FAILPOINTS: failpoints };
  const url = `http://127.0.0.1:${port}`;
  const dev = spawn(
    node,
    [join(root, 'cli/bin.ts'), 'dev', '--environment', file, '--temporal', temporal, '--namespace', namespace, '--port', String(port)],
    {
      env: processEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let alone: ChildProcess | null = null;
  let output = '';
  dev.stdout.on('data', (chunk) => (output += String(chunk)));
  dev.stderr.on('data', (chunk) => (output += String(chunk)));
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!output.includes('Ctrl-C stops everything')) {
    if (dev.exitCode !== null || Date.now() > deadline) throw new Error(`tminus dev did not start:\n${output}`);
    await pause(100);
  }
  const cliEnv = (who: Person) => ({
    ...process.env,
    TMINUS_SERVER: url,
    TMINUS_TOKEN: tokens[who] ?? '',
    TMINUS_HOME: home,
    NO_COLOR: '1',
    LANG: 'C.UTF-8',
  });
  function workerPid(): number {
    // `worker  ready, pid 123`, and `worker  started again, pid 124` after each exit.
    const pid = Number([...output.matchAll(/^worker\s.*\bpid (\d+)$/gmu)].at(-1)?.[1]);
    if (parentOf(pid) !== dev.pid) throw new Error(`process ${pid} is not the worker of this installation any more`);
    return pid;
  }
  const installation: Installation = {
    home,
    url,
    namespace,
    tminus: (who, ...argv) =>
      new Promise((done) => {
        execFile(node, [join(root, 'cli/bin.ts'), ...argv], { env: cliEnv(who), maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
          done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
        );
      }),
    async status(release) {
      const answer = await fetch(`${url}/api/v1/countdowns/${release}`, { headers: { authorization: `Bearer ${tokens['requester']}` } });
      const body = (await answer.json()) as CountdownStatus & { message?: string };
      if (!answer.ok) throw new Error(`${answer.status} ${body.message}`);
      return body;
    },
    async until(release, what, seen, withinMs = 120_000) {
      const end = Date.now() + withinMs;
      let last: CountdownStatus | string = 'unknown';
      while (Date.now() < end) {
        last = await installation.status(release).catch((error: unknown) => String(error));
        if (typeof last !== 'string' && seen(last)) return last;
        await pause(300);
      }
      throw new Error(`${release} never was ${what}: ${JSON.stringify(last).slice(0, 1500)}\n${output.slice(-2000)}`);
    },
    dieAt: (place) => writeFileSync(join(failpoints, place), ''),
    deathsToCome: () => readdirSync(failpoints),
    devOutput: () => output,
    killWorker: () => void process.kill(workerPid(), 'SIGKILL'),
    stopWorker() {
      const pid = workerPid();
      process.kill(pid, 'SIGSTOP');
      return { goOn: () => void process.kill(pid, 'SIGCONT') };
    },
    token: (who) => tokens[who] ?? '',
    async serveAlone() {
      await ended(dev);
      const env = {
        ...processEnv,
        TMINUS_ENVIRONMENT: file,
        TMINUS_PORT: String(port),
        TEMPORAL_ADDRESS: temporal,
        TEMPORAL_NAMESPACE: namespace,
      };
      alone = spawn(node, [join(root, 'server/serve.ts')], { env, stdio: 'inherit' });
      await untilReachable(url);
    },
    async close() {
      await ended(dev);
      if (alone) await ended(alone);
    },
  };
  return installation;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}

async function untilReachable(url: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const isReachable = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isReachable) return;
    if (Date.now() > deadline) throw new Error(`nothing answers at ${url}`);
    await pause(100);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Parent of a process, as the kernel lists it. The command name before it may hold blanks and brackets. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
