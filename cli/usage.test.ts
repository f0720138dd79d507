import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { showing, serving } from './testing/against.ts';
import { NAME, waiting } from '../workflows/testing/example-status.ts';
import { tminus } from './testing/tminus-process.ts';

const root = resolve(import.meta.dirname, '..');
const example = join(root, 'lab/example/release.yaml');

it.each([
  [['statu', NAME], "error: unknown command 'statu'\n(Did you mean status?)\n"],
  [['status', NAME, '--wach'], "error: unknown option '--wach'\n(Did you mean --watch?)\n"],
  [['list', '-o', 'xml'], "error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are text, json, yaml.\n"],
  [['status'], "error: missing required argument 'countdown'\n"],
  [
    ['waive', NAME, '--finding', 'a/b', '-m', 'x', '--expires', '10'],
    "error: option '--expires <duration>' argument '10' is invalid. \"10\" has no unit; write a duration such as 300ms, 90s, 30m, 6h or 3d.\n",
  ],
  [
    ['start', example, '--launch-at', 'tomorrow'],
    "error: option '--launch-at <time>' argument 'tomorrow' is invalid. \"tomorrow\" is not a date and time; write a time with its zone such as 2026-11-25T09:00:00Z or 2026-11-25T17:00:00+08:00.\n",
  ],
  [
    ['start', example, '--launch-at', '2026-02-30T09:00:00Z'],
    "error: option '--launch-at <time>' argument '2026-02-30T09:00:00Z' is invalid. \"2026-02-30T09:00:00Z\" does not exist in the calendar; write a time with its zone such as 2026-11-25T09:00:00Z or 2026-11-25T17:00:00+08:00.\n",
  ],
  [['status', NAME, '--timeout', '5s'], '--timeout needs --wait or --watch\n  add --wait or --watch\n'],
  [['reject', NAME], 'reject requires a reason\n  add -m "…"\n'],
  [['list', '--server', 'localhost:7480'], '--server: "localhost:7480" is not a URL\n  write it as http://127.0.0.1:7480\n'],
  [
    ['list', '--server', 'http://ada:s3cret@127.0.0.1:7480'],
    '--server: the address contains a user name or password\n  the token is the only credential: see `tminus login`\n',
  ],
])('%j exits with 2 and a message', async (argv, stderr) => {
  expect(await tminus(argv)).toEqual({ code: 2, stdout: '', stderr });
});

it('prints its version', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(await tminus(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('prints one JSON document also for wrong usage', async () => {
  const { code, stdout, stderr } = await tminus(['statu', NAME, '-o', 'json']);
  expect(JSON.parse(stdout)).toEqual({
    apiVersion: 'tminus.dev/v1alpha1',
    kind: 'Error',
    code: 'Usage',
    message: "unknown command 'statu'",
    hint: 'Did you mean status?',
    docs: 'docs/reference/exit-codes.md',
  });
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  expect(JSON.parse((await tminus(['--json'])).stdout)).toMatchObject({ kind: 'Error', message: 'no verb' });
});

it('accepts options of the program before and after the verb', async () => {
  const server = await serving(showing(waiting));
  const before = await tminus(['-o', 'json', 'status', NAME], { server: server.url });
  const after = await tminus(['status', NAME, '--json'], { server: server.url });
  expect(before.stdout).toBe(after.stdout);
  expect(JSON.parse(before.stdout)).toMatchObject({ kind: 'ReleaseStatus', phase: 'waiting' });
});

it('runs by its wrapper script in any folder', () => {
  const { status, stdout, stderr } = spawnSync(resolve(import.meta.dirname, '../scripts/tminus'), ['exit-codes'], {
    cwd: '/',
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('not authenticated');
});
