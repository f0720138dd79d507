// Exit codes of `tminus analyze`, and options without effect.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { record } from '../../analysis/testing/points.ts';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import type { AnalysisDocument } from './document.ts';

const bin = resolve(import.meta.dirname, '../bin.ts');
const folder = mkdtempSync(join(tmpdir(), 'tminus-answers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const analyze = (...argv: string[]) =>
  spawnSync(process.execPath, [bin, 'analyze', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
  });
const factsOf = (...argv: string[]) => (JSON.parse(analyze('-o', 'json', ...argv).stdout) as AnalysisDocument).items[0]?.facts ?? [];
const requests = (count: number) => Array.from({ length: count }, (_, i) => ({ ms: 5, second: i / 100 }));
/** Points with a plan of the load; the points of k6 itself have none and pass nothing. */
const planned = (count: number) => {
  const plan = {
    stages: [{ seconds: count / 100, ratePerSecond: 100 }],
    limits: { p99Ms: 250, errorPercent: 0.1, deliveredPercent: 95, endpoints: {} },
  };
  return record(requests(count)).replace('"runId":"run-1"', `"runId":"run-1","plan":${JSON.stringify(plan)}`);
};
const cpu = profileBytes(['samples/count', 'cpu/nanoseconds'], [{ stack: request('main.f'), values: [1, 10_000_000] }]);

it('exits 5 if no finding fails but one is inconclusive', () => {
  writeFileSync(at('few.json'), record(requests(20)));
  writeFileSync(at('many.json'), planned(4_000));
  writeFileSync(at('raw.json'), record(requests(4_000)));
  writeFileSync(at('cpu.pb'), cpu);
  expect(analyze(at('many.json')).status).toBe(0);
  expect(analyze(at('cpu.pb')).status).toBe(0);
  const few = analyze(at('few.json'));
  expect(few.stdout).toMatch(/⏸|\[hold\]/);
  expect(few.status).toBe(5);
  expect(analyze(at('many.json'), at('few.json')).status).toBe(5);
  expect(analyze(at('raw.json')).status).toBe(5);
  // A failure is the stronger word.
  expect(analyze(at('raw.json'), at('few.json'), '--p99', '1ms').status).toBe(3);
});

it('reports a limit option that the run overrides', () => {
  writeFileSync(at('planned.json'), planned(4_000));
  const ignored = {
    subject: '--p99',
    text: 'ignored: the run records its own limits: p99 250 ms, error rate 0.1 %',
    values: {},
  };
  expect(factsOf(at('planned.json'), '--p99', '1ms')).toContainEqual(ignored);
  expect(factsOf(at('planned.json')).map(({ subject }) => subject)).not.toContain('--p99');
});

it('reports that execution traces cannot be compared', () => {
  writeFileSync(at('wait.pb'), cpu);
  writeFileSync(at('go'), `#!/bin/sh\ncat ${at('wait.pb')}\n`);
  chmodSync(at('go'), 0o755);
  writeFileSync(at('trace.out'), 'go 1.26 trace\0\0\0');
  expect(factsOf(at('trace.out'), '--before', at('trace.out'))[0]).toEqual({
    subject: '--before',
    text: 'ignored: execution traces cannot be compared',
    values: {},
  });
});

it('shows defaults with units', () => {
  const { stdout } = analyze('--help');
  expect(stdout).toMatch(/\(default:\s+300ms\)/);
  expect(stdout).toMatch(/\(default:\s+0\.1%\)/);
});
