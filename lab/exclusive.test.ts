import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exclusively } from './exclusive.ts';
import { identify } from './process-identity.ts';

const lockFile = () => join(mkdtempSync(join(tmpdir(), 'tminus-lock-')), 'lock');

test('starts the second work only after the first has ended, and reports the holder of the lock', async () => {
  const lock = lockFile();
  const events: string[] = [];
  let release: () => void = () => undefined;
  const first = exclusively(
    lock,
    () => undefined,
    async () => {
      events.push('first begins');
      await new Promise<void>((resolve) => (release = resolve));
      events.push('first ends');
    },
  );
  const second = exclusively(
    lock,
    (pid) => {
      events.push(`waits for ${pid === process.pid ? 'this process' : pid}`);
      release();
    },
    async () => void events.push('second begins'),
  );
  await Promise.all([first, second]);
  expect(events).toEqual(['first begins', 'waits for this process', 'first ends', 'second begins']);
  expect(existsSync(lock)).toBe(false);
});

test('gives the lock back when the work fails', async () => {
  const lock = lockFile();
  await expect(
    exclusively(
      lock,
      () => undefined,
      async () => Promise.reject(new Error('broken')),
    ),
  ).rejects.toThrow('broken');
  await expect(
    exclusively(
      lock,
      () => undefined,
      async () => 'went on',
    ),
  ).resolves.toBe('went on');
});

test('takes the lock over from a holder that was killed', async () => {
  const lock = lockFile();
  const child = spawn('sleep', ['60']);
  writeFileSync(lock, JSON.stringify(identify(child.pid ?? 0)));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await expect(
    exclusively(
      lock,
      () => undefined,
      async () => 'taken over',
    ),
  ).resolves.toBe('taken over');
});
