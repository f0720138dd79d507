// The Temporal server of `tminus dev`, as the real program: several installations on one machine.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, jest } from '@jest/globals';

jest.setTimeout(120_000);

const started: ChildProcess[] = [];
afterEach(() => Promise.all(started.splice(0).map(stop)));

const home = (): string => mkdtempSync(join(tmpdir(), 'temporal-main-'));

/** The address by which it says that it is ready. */
function start(TMINUS_HOME: string): Promise<{ child: ChildProcess; address: string }> {
  const { TEMPORAL_ADDRESS: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'temporal-main.ts')], {
    env: { ...env, TMINUS_HOME },
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
