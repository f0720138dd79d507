import { spawnSync } from 'node:child_process';
import { readFileSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { supervise, type Part } from './dev.ts';
import { tminus } from './testing/tminus-process.ts';

const root = resolve(import.meta.dirname, '..');
const folder = (): string => mkdtempSync(join(tmpdir(), 'tminus-dev-'));
const part = (script: string): Part => ({
  name: 'worker',
  command: process.execPath,
  argv: ['-e', script],
  ready: 'ready',
  readyTimeoutMs: 30_000,
});
const start = (script: string) => supervise(part(script), process.env, new AbortController().signal);

it('prints how to create an environment file if there is none, and starts nothing', async () => {
  expect(await tminus(['dev'], { cwd: folder() })).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'environment file .tminus/environment.yaml not found; it maps clusters, Prometheus and targets to addresses\n  create one with `tminus init`, or set --environment\n',
  });
});

it('prints the problems of an environment file with their positions, and starts nothing', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'env.yaml'), 'apiVersion: tminus.dev/v1alpha1\nkind: Environment\nspce: {}\n');
  const { code, stdout, stderr } = await tminus(['dev', '--environment', 'env.yaml'], { cwd });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^env\.yaml:3:1 .*spce/);
});

it('prints the message of a part that cannot start, and does not report a bug', async () => {
  await expect(start("console.error('k6 not found; install it'); process.exit(2)")).rejects.toMatchObject({
    message: 'k6 not found; install it',
    exitCode: 2,
  });
  await expect(start('process.exit(3)')).rejects.toMatchObject({
    code: 'CannotStart',
    message: 'worker exited with 3 before it was ready',
  });
});

it('reads the output of a part also after a restart, so that a full pipe does not block it', async () => {
  const [begun, through] = [join(folder(), 'begun'), join(folder(), 'through')];
  const stopping = new AbortController();
  const running = await supervise(
    part(`
      const { existsSync, writeFileSync } = require('node:fs');
      if (existsSync('${begun}')) process.stdout.write('x'.repeat(1 << 20), () => writeFileSync('${through}', ''));
      else {
        console.log('starting');
        console.log('ready at 127.0.0.1:1');
        setTimeout(() => { writeFileSync('${begun}', ''); process.exit(1); }, 200);
      }
    `),
    process.env,
    stopping.signal,
  );
  expect(running.readyLine).toBe('ready at 127.0.0.1:1');
  for (let turn = 0; turn < 400 && !existsSync(through); turn += 1) await wait(50);
  stopping.abort();
  await running.stop();
  expect(existsSync(through)).toBe(true);
}, 30_000);

it('prints how to get a Temporal server if there is none', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'workers/temporal-main.ts')], {
    env: { ...process.env, TMINUS_HOME: folder(), TMINUS_TOOL_TEMPORAL_SERVER: '/nowhere/temporal-server' },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr:
      '/nowhere/temporal-server not found; `export TMINUS_TOOL_TEMPORAL_SERVER=$(./scripts/lab tool temporal)` builds one, and `tminus dev --temporal ADDRESS` needs none\n',
  });
});

it('stops a part that was not ready in time', async () => {
  const file = join(folder(), 'pid');
  const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setTimeout(() => undefined, 15_000)`;
  const slow = { ...part(script), readyTimeoutMs: 2_000 };
  await expect(supervise(slow, process.env, new AbortController().signal)).rejects.toMatchObject({ code: 'CannotStart' });
  const pid = Number(readFileSync(file, 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
