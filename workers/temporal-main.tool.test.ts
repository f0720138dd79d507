// The Temporal server of `tminus dev`, as the real program: several installations on one machine.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, jest } from '@jest/globals';

jest.setTimeout(120_000);

const started: ChildProcess[] = [];
afterEach(() => Promise.all(started.splice(0).map(stop)));

const home = (): string => mkdtempSync(join(tmpdir(), 'temporal-main-'));

/** The address by which it says that it is ready. */
function start(TMINUS_HOME: string, address?: string): Promise<{ child: ChildProcess; address: string }> {
  const { TEMPORAL_ADDRESS: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'temporal-main.ts')], {
    env: { ...env, TMINUS_HOME, ...(address ? { TEMPORAL_ADDRESS: address } : {}) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += String(chunk);
      const address = /^temporal ready at (\S+)\n/m.exec(printed)?.[1];
      if (address !== undefined) resolve({ child, address });
    });
    child.once('exit', (code) => reject(new Error(`temporal-main ended with ${code}: ${printed.slice(-1_000)}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}

it('starts a server of its own for each installation, at the same address again after a stop', async () => {
  const [mine, yours] = [home(), home()];
  const first = await start(mine);
  const second = await start(yours);
  expect(second.address).not.toBe(first.address);
  await stop(second.child);
  await stop(first.child);
  // The first of the free ports is that of the other one now.
  expect((await start(yours)).address).toBe(second.address);
});

it('leaves no server behind when it is killed, and refuses a second one on the same database', async () => {
  const own = home();
  const first = await start(own);
  await expect(start(own)).rejects.toThrow('ended with 2');
  first.child.kill('SIGKILL');
  const again = await start(own);
  expect(again.address).toBe(first.address);
});

it('refuses a second one also in a container, where process ids are low', () => {
  const own = home();
  mkdirSync(join(own, 'temporal'));
  // A PID namespace of its own, as a container has; the first process has no more than the name.
  const script = '"$1" -e "setTimeout(() => {}, 60000)" temporal-main & echo $! > "$0/temporal/pid"; "$1" "$2"';
  const { status, stderr } = spawnSync(
    'unshare',
    [
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      'sh',
      '-c',
      script,
      own,
      process.execPath,
      join(import.meta.dirname, 'temporal-main.ts'),
    ],
    { env: { ...process.env, TMINUS_HOME: own, TMINUS_TOOL_TEMPORAL_SERVER: join(own, 'none') }, encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr).toMatch(/a Temporal server of .* is already running \(pid \d{1,2},/u);
  expect(status).toBe(2);
});

it('begins anew where a kill left the file of its port empty', async () => {
  const own = home();
  mkdirSync(join(own, 'temporal'));
  writeFileSync(join(own, 'temporal/port'), '');
  await expect(start(own)).resolves.toMatchObject({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/u) });
});

it('is not ready where another program holds its port', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const { port } = other.address() as AddressInfo;
  await expect(start(home(), `127.0.0.1:${port}`)).rejects.toThrow('ended with 2');
  other.close();
});
