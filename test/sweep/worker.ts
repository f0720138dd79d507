// A worker process of one run, with failpoints. Who dies is started again at once, as a supervisor would.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { paths } from '../../lab/index.ts';
import { pause } from '../e2e/installation.ts';
import type { Failpoint } from '../../activities/failpoint.ts';
import type { Mode } from './points.ts';

const root = resolve(import.meta.dirname, '../..');
/** Bundling workflows takes 2 to 4 s on two idle cores, and eight workers may start at once. */
const READY_TIMEOUT_MS = 120_000;

export interface SweptWorker {
  deaths(): number;
  /** Lets the worker die, or wait, where it passes next. */
  arm(points: readonly Failpoint[], mode: Mode): void;
  /** Points that are armed and were not passed. */
  missed(): Failpoint[];
  /** A worker waits there. */
  isReached(point: Failpoint): boolean;
  /** Lets it go on. */
  letGo(point: Failpoint): void;
  close(): Promise<void>;
}

/** Starts a worker on a Temporal namespace of its own. Its output goes to `<home>/worker.log`. */
export async function openWorker(home: string, namespace: string, environmentFile: string): Promise<SweptWorker> {
  const folder = join(home, 'failpoints');
  mkdirSync(folder, { recursive: true });
  const log = createWriteStream(join(home, 'worker.log'), { flags: 'a' });
  const env = {
    ...process.env,
    TMINUS_HOME: home,
    TMINUS_ENVIRONMENT: environmentFile,
    TMINUS_ROLES: 'countdowns,clusters',
    TMINUS_MAKE_CURRENT: '1',
    TMINUS_FAILPOINTS: folder,
    // A third less processor time for each start.
    NODE_COMPILE_CACHE: join(root, '.tminus/compiled'),
    TEMPORAL_ADDRESS: paths().temporal,
    TEMPORAL_NAMESPACE: namespace,
  };
  const state = { deaths: 0, closing: false, ready: false };
  let child = start();
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!state.ready) {
    if (state.deaths > 0 || Date.now() > deadline)
      throw new Error(`the worker of ${namespace} did not start; see ${join(home, 'worker.log')}`);
    await pause(100);
  }
  return {
    deaths: () => state.deaths,
    arm(points, mode) {
      for (const point of points) {
        // A file that is there is a file that is whole: an empty one would kill.
        const draft = join(home, 'failpoint.draft');
        writeFileSync(draft, mode === 'kill' ? '' : 'pause');
        renameSync(draft, join(folder, point));
      }
    },
    missed: () => readdirSync(folder).filter((name) => !name.endsWith('.reached')) as Failpoint[],
    isReached: (point) => existsSync(join(folder, `${point}.reached`)),
    letGo: (point) => rmSync(join(folder, point), { force: true }),
    async close() {
      state.closing = true;
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((done) => child.once('exit', done));
        child.kill('SIGKILL');
        await gone;
      }
      log.end();
    },
  };

  function start(): ChildProcess {
    const started = spawn(process.execPath, [join(root, 'workers/main.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    started.stdout.on('data', (chunk: Buffer) => (state.ready ||= chunk.includes('worker ready')));
    started.stdout.pipe(log, { end: false });
    started.stderr.pipe(log, { end: false });
    started.once('exit', () => {
      if (state.closing) return;
      state.deaths += 1;
      child = start();
    });
    return started;
  }
}
