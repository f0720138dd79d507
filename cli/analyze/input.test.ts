// Input that is not an ordinary file: pipes, devices, gzipped traces. Runs the verb in a shell.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { record } from '../../analysis/testing/points.ts';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import type { AnalysisDocument } from './document.ts';

const bin = resolve(import.meta.dirname, '../bin.ts');
const folder = mkdtempSync(join(tmpdir(), 'tminus-input-'));
const temporary = join(folder, 'temporary');
const at = (name: string) => join(folder, name);
/** `tminus analyze` with these words of bash, a fake go in PATH and a folder for temporary files. */
const analyze = (words: string) =>
  spawnSync('bash', ['-c', `"${process.execPath}" "${bin}" analyze -o json ${words}`], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, TMPDIR: temporary, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
  });
const itemsOf = (words: string) => (JSON.parse(analyze(words).stdout) as AnalysisDocument).items;

const cpu = (leaf: string) => profileBytes(['samples/count', 'cpu/nanoseconds'], [{ stack: request(leaf), values: [1, 10_000_000] }]);
const waits = (...leaves: string[]) =>
  profileBytes(
    ['contentions/count', 'delay/nanoseconds'],
    leaves.map((leaf) => ({ stack: request(leaf), values: [1, 1e9] })),
  );

beforeAll(() => {
  mkdirSync(temporary);
  writeFileSync(at('cpu.pb.gz'), gzipSync(cpu('main.f')));
  writeFileSync(at('later.pb'), cpu('main.g'));
  writeFileSync(at('points.json'), record(Array.from({ length: 12_001 }, (_, i) => ({ ms: 5, second: i / 100 }))));
  writeFileSync(at('slower.json'), record(Array.from({ length: 12_001 }, (_, i) => ({ ms: 9, second: 3_600 + i / 100 }))));
  writeFileSync(at('no-wait.pb'), waits());
  writeFileSync(at('mutex.pb'), waits('sync.(*Mutex).Unlock'));
  writeFileSync(at('block.pb'), waits('runtime.chanrecv1'));
  writeFileSync(at('leaks.pb'), profileBytes(['goroutineleak/count'], [{ stack: request('runtime.gopark'), values: [3] }]));
  writeFileSync(at('trace.out'), 'go 1.26 trace\0\0\0');
  writeFileSync(at('trace.out.gz'), gzipSync('go 1.26 trace\0\0\0'));
  // Like the real tool, accepts only traces.
  writeFileSync(
    at('go'),
    `#!/bin/sh\n[ "$(head -c 13 "$4")" = 'go 1.26 trace' ] && exec cat ${at('cpu.pb.gz')}\necho 'bad file format' >&2\nexit 1\n`,
  );
  chmodSync(at('go'), 0o755);
});
afterAll(() => {
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

describe('a pipe', () => {
  it('is read as a file of the same bytes', () => {
    const [profile, points, trace] = itemsOf('<(cat cpu.pb.gz) <(cat points.json) <(cat trace.out)');
    expect([profile?.kind, profile?.problem]).toEqual(['cpu-profile', null]);
    expect(profile?.file).toMatch(/^\/dev\/fd\/\d+$/);
    const [file] = itemsOf('points.json');
    expect(points).toEqual({ ...file, file: points?.file });
    expect([trace?.kind, trace?.problem]).toEqual(['execution-trace', null]);
  });

  it('can be the file and the earlier file of a comparison', () => {
    const [profile] = itemsOf('<(cat later.pb) --before <(cat cpu.pb.gz)');
    expect(profile?.tables[0]?.rows.map((row) => row.slice(0, 4))).toEqual([
      ['main.f', 100, 0, -100],
      ['main.g', 0, 100, 100],
    ]);
    const [points] = itemsOf('slower.json --before <(cat points.json)');
    expect(points?.tables.at(-1)).toMatchObject({ title: expect.stringMatching(/^Against \/dev\/fd\//), rows: [expect.anything()] });
  });

  it('that is empty or was already read is refused with a hint', () => {
    const sentence = 'byte 0: the pipe is empty; a pipe can be read only once: save it to a file first';
    expect(itemsOf('<(true)')[0]?.problem).toBe(sentence);
    const [first, second] = itemsOf('later.pb cpu.pb.gz --before <(cat cpu.pb.gz)');
    expect([first?.problem, second?.problem]).toEqual([null, sentence]);
  });

  it('without an end is refused above the size limit', () => {
    const { stdout, status } = analyze('/dev/zero');
    expect((JSON.parse(stdout) as AnalysisDocument).items[0]?.problem).toBe(
      'byte 268435456: the pipe has more than 256 MiB; save it to a file first',
    );
    expect(status).toBe(2);
  });
});

it('reads a gzipped execution trace like a plain one', () => {
  const [plain, packed] = itemsOf('trace.out trace.out.gz');
  expect([packed?.kind, packed?.problem]).toEqual(['execution-trace', null]);
  expect(packed).toEqual({ ...plain, file: 'trace.out.gz' });
});

describe('an earlier file', () => {
  it.each([
    ['mutex.pb', 'no-wait.pb', 'the earlier profile has no sample'],
    ['block.pb', 'no-wait.pb', 'the earlier profile has no sample'],
    ['no-wait.pb', 'mutex.pb', 'the later profile has no sample'],
  ])('of waits is compared with %s if one of them is empty: %s', (file, before, note) => {
    const [item] = itemsOf(`${file} --before ${before}`);
    expect([item?.problem, item?.tables[0]?.notes]).toEqual([null, [note]]);
  });

  it('of mutexes is not compared with one of blocking', () => {
    expect(itemsOf('mutex.pb --before block.pb')[0]?.problem).toContain(
      'the earlier file is of another kind: block profile, not mutex profile',
    );
  });

  it('of leaked goroutines is refused', () => {
    expect(itemsOf('leaks.pb --before leaks.pb')[0]?.problem).toBe(
      'leaks.pb: files of this kind cannot be compared: leaked goroutines; leave out --before; k6 points, profiles and goroutines can be compared',
    );
  });

  it('that is an execution trace is refused without a hint to install Go', () => {
    expect(itemsOf('later.pb --before trace.out')[0]?.problem).toMatch(
      /this execution trace was combined with other files; analyze it as the only file/,
    );
  });
});
