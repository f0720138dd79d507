import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSecondsOf, goBuild } from './go-build.ts';

const PATH = process.env['PATH'];
afterEach(() => {
  process.env['PATH'] = PATH;
});

/** A build by a `go` that a test plays: compiling a real program takes minutes where the machine is busy and Go's cache is empty. */
function build(go: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-go-build-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/go'), `#!/bin/sh\n${go}\n`, { mode: 0o755 });
  process.env['PATH'] = `${join(folder, 'bin')}:${PATH}`;
  const at = (name: string) => join(folder, name);
  return { title: 'etcd 3.6.14', module: folder, packages: ['./cmd/etcd'], output: at('out'), log: at('log'), at };
}

test('answers the CPU time of go and its children, and leaves no log', async () => {
  const { at, ...rest } = build(
    'echo go: downloading >&2; sh -c "i=0; while [ \\$i -lt 300000 ]; do i=\\$((i+1)); done"; echo "$*" > args',
  );
  const cpuSeconds = await goBuild({ ...rest, stamps: ['main.version=3.6.14'] });
  expect(cpuSeconds).toBeGreaterThan(0.05);
  expect(cpuSeconds).toBeLessThan(20);
  expect(readFileSync(at('args'), 'utf8')).toBe(
    `build -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags -s -w -X main.version=3.6.14 -o ${rest.output} ./cmd/etcd\n`,
  );
  expect(existsSync(rest.log)).toBe(false);
});

test('only compiles where no output is named, and keeps settings of the user for the compiler', async () => {
  const { at, ...rest } = build('echo "$GOGC $GOTOOLCHAIN $GOOS $*" > args');
  const { output, ...compiled } = rest;
  process.env['GOGC'] = '50';
  await goBuild({ ...compiled, env: { GOOS: 'plan9' } }).finally(() => delete process.env['GOGC']);
  expect(readFileSync(at('args'), 'utf8')).toMatch(/^50 local plan9 build .* -ldflags -s -w \.\/cmd\/etcd\n$/);
  expect(existsSync(output)).toBe(false);
});

test('fails with the end of what the compiler printed, and with the place of the whole log', async () => {
  const { log, ...rest } = build('for i in $(seq 30); do echo "line $i" >&2; done; echo main.go:3: undefined: missing >&2; exit 1');
  const failure = await goBuild({ log, ...rest }).catch((error: Error) => error.message);
  expect(failure).toMatch(/^go build of etcd 3\.6\.14 failed with exit code 1; the whole log is .*\/log\nline 12\n/);
  expect(failure).toMatch(/\nline 30\nmain\.go:3: undefined: missing$/);
  expect(readFileSync(log, 'utf8')).toMatch(/^line 1\n/);
});

test('says so where there is no go', async () => {
  const { module, ...rest } = build('');
  process.env['PATH'] = '/usr/bin:/bin';
  await expect(goBuild({ module, ...rest })).rejects.toThrow(/go build of etcd 3\.6\.14 failed with exit code 127; .*\n.*go: not found/s);
});

test('interrupts a build that is stopped, and waits until go has ended', async () => {
  const { at, ...rest } = build('trap "sleep 0.3; echo > ended; exit 1" TERM; echo > began; while :; do sleep 0.05; done');
  const stop = new AbortController();
  const running = goBuild({ ...rest, stop: stop.signal });
  const outcome = expect(running).rejects.toThrow('the build of etcd 3.6.14 was stopped');
  while (!existsSync(at('began'))) await new Promise((again) => setTimeout(again, 10));
  stop.abort();
  await outcome;
  expect(existsSync(at('ended'))).toBe(true);
});

test('does not begin a build that is stopped before', async () => {
  const { at, ...rest } = build('echo > began');
  await expect(goBuild({ ...rest, stop: AbortSignal.abort() })).rejects.toThrow('the build of etcd 3.6.14 was stopped');
  expect(existsSync(at('began'))).toBe(false);
});

test.each([
  ['bash', '0m0.001s 0m0.002s\n1m2.500s 0m3.250s\n', 65.75],
  ['dash', '0m0.000000s 0m0.000000s\n0m1.250000s 0m0.000000s\n', 1.25],
])('reads the CPU time of children as %s prints it', (_, times, expected) => {
  expect(cpuSecondsOf(times)).toBe(expected);
});
