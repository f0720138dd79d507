import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { supervise, type Part } from './dev.ts';
import { tminus } from './testing/tminus-process.ts';

const root = resolve(import.meta.dirname, '..');
const folder = (): string => mkdtempSync(join(tmpdir(), 'tminus-dev-'));
const part = (script: string): Part => ({
  name: 'worker',
  command: process.execPath,
  argv: ['-e', script],
  ready: { text: 'ready' },
  readyWithinMs: 30_000,
});
const start = (script: string) => supervise(part(script), process.env, new AbortController().signal);

it('says where the environment file comes from when there is none, and starts nothing', async () => {
  expect(await tminus(['dev'], { cwd: folder() })).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'there is no environment file .tminus/environment.yaml, which says where the clusters, Prometheus and targets of releases are\n  `tminus init` writes one to edit; --environment names another\n',
  });
});

it('tells the mistakes of an environment file with their places, and starts nothing', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'env.yaml'), 'apiVersion: tminus.dev/v1alpha1\nkind: Environment\nspce: {}\n');
  const { code, stdout, stderr } = await tminus(['dev', '--environment', 'env.yaml'], { cwd });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^env\.yaml:3:1 .*spce/);
});

it('passes on the one sentence of a part that cannot start, and calls it no bug', async () => {
  await expect(start("console.error('there is no program k6; install it'); process.exit(2)")).rejects.toMatchObject({
    message: 'there is no program k6; install it',
    exitCode: 2,
  });
  await expect(start('process.exit(3)')).rejects.toMatchObject({ code: 'CannotStart', message: 'worker ended with 3 before it was ready' });
});

it('says how to come by a Temporal server where there is none', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'workers/temporal-main.ts')], {
    env: { ...process.env, TMINUS_HOME: folder(), TMINUS_TOOL_TEMPORAL_SERVER: '/nowhere/temporal-server' },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr:
      'there is no program /nowhere/temporal-server; `export TMINUS_TOOL_TEMPORAL_SERVER=$(./scripts/lab tool temporal)` builds and names one, and `tminus dev --temporal ADDRESS` needs none\n',
  });
});
