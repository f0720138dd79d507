import { expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { against, serving, showing } from './testing/against.ts';
import { refusal, type Answers } from './testing/fake-server.ts';
import { mei, NAME, waiting } from '../workflows/testing/example-status.ts';
import { UNREACHABLE, tminus } from './testing/tminus-process.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'tminus-cli-'));

const whoami: Answers = { 'GET /api/v1/whoami': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'Principal', principal: mei } } };

it('reads the token only from a file that others cannot read', async () => {
  const home = folder();
  const file = join(home, 'token');
  writeFileSync(file, 'from-file\n', { mode: 0o600 });
  const run = (argv: string[] = []) => against(whoami, ['whoami', ...argv], { env: { TMINUS_TOKEN: '', TMINUS_HOME: home } });
  const mine = await run();
  expect(mine).toMatchObject({ code: 0, stdout: 'Mei Tan (local/mei)   groups: shop-developers\n', stderr: '' });
  expect(mine.server.asked[0]?.authorization).toBe('Bearer from-file');
  chmodSync(file, 0o640);
  const open = await run();
  expect(open).toMatchObject({ code: 4, stdout: '', stderr: `others can read the token file ${file}\n  chmod 600 ${file}\n` });
  expect(open.server.asked).toEqual([]);
});

it('accepts a token file as an option, but never a token', async () => {
  const file = join(folder(), 'li.wei.token');
  writeFileSync(file, 'li-wei', { mode: 0o600 });
  const { server } = await against(whoami, ['whoami', '--token-file', file]);
  expect(server.asked[0]?.authorization).toBe('Bearer li-wei');
  expect((await tminus(['whoami', '--token', 'secret'])).code).toBe(2);
});

it('saves a token from stdin or a file after the server has verified it', async () => {
  const home = join(folder(), 'new');
  const env = { TMINUS_TOKEN: '', TMINUS_HOME: home };
  const piped = await against(whoami, ['login'], { env, stdin: 'from-stdin\n' });
  expect(piped).toMatchObject({ code: 0, stdout: `signed in as Mei Tan (local/mei)\nsaved to ${join(home, 'token')}\n`, stderr: '' });
  expect(piped.server.asked[0]?.authorization).toBe('Bearer from-stdin');
  expect(readFileSync(join(home, 'token'), 'utf8')).toBe('from-stdin\n');
  expect(statSync(join(home, 'token')).mode & 0o777).toBe(0o600);
  // The saved token is the default of the other verbs.
  expect((await against(whoami, ['whoami'], { env })).server.asked[0]?.authorization).toBe('Bearer from-stdin');

  const file = join(home, 'given');
  writeFileSync(file, 'from-file', { mode: 0o600 });
  expect(await against(whoami, ['login', '--token-file', file, '--json'], { env })).toMatchObject({ code: 0 });
  expect(readFileSync(join(home, 'token'), 'utf8')).toBe('from-file\n');
});

it('keeps the saved token if the server refuses the new one', async () => {
  const home = folder();
  writeFileSync(join(home, 'token'), 'good\n', { mode: 0o600 });
  const env = { TMINUS_TOKEN: '', TMINUS_HOME: home };
  const refused = await against(
    { 'GET /api/v1/whoami': refusal(401, 'NotSignedIn', 'nobody was given this token', 'ask for one') },
    ['login'],
    {
      env,
      stdin: 'garbage',
    },
  );
  expect(refused).toMatchObject({ code: 4, stdout: '', stderr: 'nobody was given this token\n  ask for one\n' });
  expect((await tminus(['login'], { env, stdin: '' })).stderr).toContain('the text in stdin is not a token');
  expect(await tminus(['login', '--token-file', '/nowhere'], { env })).toMatchObject({
    code: 2,
    stderr: '--token-file: /nowhere not found\n',
  });
  expect(readFileSync(join(home, 'token'), 'utf8')).toBe('good\n');
});

it('reports failed checks with a hint', async () => {
  const away = await tminus(['doctor'], { server: UNREACHABLE, cwd: folder() });
  expect(away.code).toBe(1);
  expect(away.stdout).toMatch(
    /^✔ pass +node +Node \d+.*\n✖ fail +server +the server at http:\/\/127.0.0.1:6 does not respond: connect ECONNREFUSED 127\.0\.0\.1:6; start it with `tminus dev`, or set --server or TMINUS_SERVER\n$/,
  );
  const well = await against(
    {
      ...whoami,
      ...showing(waiting),
      'GET /healthz': { body: {} },
      'GET /api/v1/countdowns': {
        body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items: [{ name: NAME, state: 'running' }] },
      },
    },
    ['doctor'],
    { cwd: folder() },
  );
  expect(well.code).toBe(0);
  expect(well.stdout.split('\n').slice(2, 5)).toEqual([
    '✔ pass           identity   you are Mei Tan, groups: shop-developers',
    '✔ pass           temporal   Temporal responds; running countdowns: 1 of 1',
    '✔ pass           worker     a worker responds for go-api-1.4.0',
  ]);
});

it('reports the user or the runner of load scripts', async () => {
  const cwd = folder();
  const doctor = async () => (await tminus(['doctor'], { server: UNREACHABLE, cwd })).stdout.split('\n')[1] ?? '';
  expect(await doctor()).toContain('server');
  await tminus(['init'], { cwd });
  const own =
    process.getuid?.() === 0
      ? /^✔ pass +load +load scripts run as user 64931, which owns no files \(separated from the worker\)$/
      : /^\? inconclusive +load +load scripts run as the user of this process \(uid \d+\), which cannot switch users: /;
  expect(await doctor()).toMatch(own);
  const file = join(cwd, '.tminus/environment.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^ {2}# load: .*$/m, '  load: { runner: /run/k6.sock }'));
  expect(await doctor()).toMatch(/^✔ pass +load +load scripts run at the k6 runner \/run\/k6\.sock$/);
});

it('checks every address of the environment file, and counts who may start and approve', async () => {
  const cwd = folder();
  const prometheus = await serving({ 'GET /api/v1/query?query=1': { body: { status: 'success' } }, 'GET /api/v2/status': { body: {} } });
  await tminus(['init'], { cwd });
  writeFileSync(join(cwd, 'kubeconfig'), '');
  mkdirSync(join(cwd, 'identity'));
  const row = (subject: string, token: string) =>
    `{ sha256: ${token.repeat(64)}, issuer: local, subject: ${subject}, displayName: ${subject}, groups: [release-managers] }`;
  // One person with two tokens is one approver.
  writeFileSync(join(cwd, 'identity/tokens.yaml'), `tokens: [${row('li', 'a')}, ${row('li', 'b')}]`, { mode: 0o600 });
  writeFileSync(
    join(cwd, 'shop.yaml'),
    `apiVersion: tminus.dev/v1alpha1
kind: Environment
spec:
  clusters: { prod: { kubeconfig: kubeconfig, prometheus: prod }, far: { kubeconfig: /nowhere/kubeconfig, prometheus: prod } }
  prometheus: { prod: { url: "${prometheus.url}" } }
  alertmanager: { prod: { url: "${prometheus.url}" } }
  targets: { prod: { url: "${prometheus.url}" }, staging: { url: "http://127.0.0.1:6" } }
  start: { groups: [nobody] }
`,
  );
  const { code, stdout } = await tminus(['doctor', '--environment', 'shop.yaml', '--json'], { server: UNREACHABLE, cwd });
  const { items } = JSON.parse(stdout) as { items: { name: string; outcome: string; message: string }[] };
  expect(code).toBe(1);
  expect(items.slice(2, -1).map(({ name, outcome, message }) => `${name} ${outcome}: ${message.replaceAll(cwd, '.')}`)).toEqual([
    'kubeconfig pass: cluster prod: ./kubeconfig can be read',
    'kubeconfig fail: cluster far: /nowhere/kubeconfig cannot be read: no such file; set spec.clusters.far.kubeconfig',
    `prometheus pass: prod responds at ${prometheus.url} (HTTP 200)`,
    `alertmanager pass: prod responds at ${prometheus.url} (HTTP 200)`,
    `target pass: prod responds at ${prometheus.url} (HTTP 404)`,
    expect.stringMatching(
      /^target fail: staging does not respond at http:\/\/127.0.0.1:6: connect ECONNREFUSED 127\.0\.0\.1:6; spec.targets.staging.url is its address$/,
    ),
    'people fail: 0 may start countdowns, as members of nobody; add a group to the "groups" of their rows in ./identity/tokens.yaml',
    'people fail: T-1h final-poll requires 2 of release-managers, which has 1 member; add a group to the "groups" of their rows in ./identity/tokens.yaml, or lower the count of the approval',
  ]);
  expect(await tminus(['doctor', '--environment', 'none.yaml'], { cwd })).toMatchObject({
    code: 2,
    stderr: 'none.yaml not found\n',
  });
});

it('fails if a countdown has no worker of its version', async () => {
  const items = [
    { name: NAME, state: 'running', workerVersion: '8c1f0a6d2b3e', hasWorker: true },
    { name: 'pay-2.0', state: 'running', workerVersion: '1b2c3d4e5f60', hasWorker: false },
  ];
  const { code, stdout } = await against(
    {
      ...whoami,
      'GET /healthz': { body: {} },
      'GET /api/v1/countdowns': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items, nextPage: null } },
    },
    ['doctor'],
    { cwd: folder() },
  );
  expect(code).toBe(1);
  expect(stdout).toContain(
    '✖ fail           worker     no worker of version 1b2c3d4e5f60 runs: no step, hold, deadline or rollback of pay-2.0 proceeds; start a worker of that version',
  );
});
