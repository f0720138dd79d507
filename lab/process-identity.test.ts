import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, identify, isAlive, parseStat, signalProcess } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const stat = (pid: number, name: string, state: string, startTicks: string) =>
  `${pid} (${name}) ${state} 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ${startTicks} 1000 1 18446744073709551615\n`;

function fakeProc(processes: { pid: number; name?: string; state?: string; startTicks: string }[], bootId = 'boot-1'): string {
  const proc = mkdtempSync(join(tmpdir(), 'tminus-proc-'));
  mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true });
  writeFileSync(join(proc, 'sys/kernel/random/boot_id'), `${bootId}\n`);
  for (const { pid, name = 'etcd', state = 'S', startTicks } of processes) {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), 'stat'), stat(pid, name, state, startTicks));
  }
  return proc;
}

const identity: ProcessIdentity = { pid: 41, startTicks: '777', bootId: 'boot-1' };

test('reads state and start time of a process whose name holds blanks and brackets', () => {
  expect(parseStat(stat(41, 'tmux: (server) 1) S 9', 'R', '777'))).toEqual({ state: 'R', startTicks: '777' });
});

test('knows a process again', () => {
  const proc = fakeProc([{ pid: 41, startTicks: '777' }]);
  expect(identify(41, proc)).toEqual(identity);
  expect(isAlive(identity, proc)).toBe(true);
});

test('does not take another process that got the same pid for it', () => {
  expect(isAlive(identity, fakeProc([{ pid: 41, startTicks: '9999' }]))).toBe(false);
});

test('does not take a process of the same pid and start time after a reboot for it', () => {
  expect(isAlive(identity, fakeProc([{ pid: 41, startTicks: '777' }], 'boot-2'))).toBe(false);
});

test('counts a zombie as ended', () => {
  expect(isAlive(identity, fakeProc([{ pid: 41, startTicks: '777', state: 'Z' }]))).toBe(false);
});

test('sends no signal to a process that got the pid of the one meant', async () => {
  const child = spawn('sleep', ['60']);
  try {
    const real = identify(child.pid ?? 0);
    if (!real) throw new Error('the child should run');
    expect(signalProcess({ ...real, startTicks: `${Number(real.startTicks) + 1}` }, 'SIGKILL')).toBe(false);
    expect(isAlive(real)).toBe(true);
  } finally {
    child.kill('SIGKILL');
  }
});

test('ends a process that ignores SIGTERM', async () => {
  const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 1; done']);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const real = identify(child.pid ?? 0);
  if (!real) throw new Error('the child should run');
  await endProcess(real, 'SIGTERM', 200);
  expect(isAlive(real)).toBe(false);
});
