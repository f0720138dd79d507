// Messages for execution traces that the Go tool cannot read. The tool is a script here, which fails in a given way.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from '@jest/globals';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import { profileOfTrace } from './execution-trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'tminus-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
let tools = 0;
/** A tool that does this. */
const doing = (script: string) => {
  const go = at(`go-${(tools += 1)}`);
  writeFileSync(go, `#!/bin/sh\n${script}\n`);
  chmodSync(go, 0o755);
  return go;
};

it.each([
  ['takes too long', 'exec sleep 60', 'byte 0: go tool trace timed out after 0.2 s; record a shorter trace'],
  ['makes too much of it', 'exec cat /dev/zero', 'byte 0: the output of go tool trace is larger than 1 MiB; record a shorter trace'],
  [
    'says what is wrong',
    'echo reading >&2; echo "bad batch" >&2; exit 1',
    'byte 0: go tool trace failed: bad batch; record it again with the same Go version',
  ],
  ['says nothing', 'exit 3', 'byte 0: go tool trace failed without a message (exit 3); record it again with the same Go version'],
  ['is killed', 'kill -9 $$', 'byte 0: go tool trace was terminated by SIGKILL; record a shorter trace'],
  ['writes nothing', 'exit 0', 'byte 0: go tool trace made no profile; record it again with the same Go version'],
])('a tool that %s has its own message', async (_, script, sentence) => {
  writeFileSync(at('trace.out'), 'go 1.26 trace\0\0\0');
  const read = profileOfTrace(at('trace.out'), { go: doing(script), timeoutMs: 200, limitBytes: 1024 * 1024 });
  await expect(read).rejects.toThrow(sentence);
});

it('distinguishes a missing tool from one without execute permission', async () => {
  writeFileSync(at('locked'), '#!/bin/sh\n');
  chmodSync(at('locked'), 0o644);
  await expect(profileOfTrace(at('trace.out'), { go: at('nowhere') })).rejects.toThrow(/needs go in PATH; install Go/);
  await expect(profileOfTrace(at('trace.out'), { go: at('locked') })).rejects.toThrow(/go cannot be started \(EACCES\)/);
});

it('reads four kinds of waits', async () => {
  writeFileSync(
    at('wait.pb.gz'),
    gzipSync(profileBytes(['contentions/count', 'delay/nanoseconds'], [{ stack: request('main.f'), values: [1, 2e9] }])),
  );
  const { facts } = await profileOfTrace(at('trace.out'), { go: doing(`echo "$3 $4" >> ${at('asked')}; exec cat ${at('wait.pb.gz')}`) });
  expect(readFileSync(at('asked'), 'utf8').split('\n')).toEqual([
    ...['net', 'sync', 'syscall', 'sched'].map((wait) => `-pprof=${wait} ${at('trace.out')}`),
    '',
  ]);
  expect(facts).toHaveLength(4);
  expect(facts[0]).toMatchObject({ subject: 'network wait', text: expect.stringContaining('2 s of delay') });
});
