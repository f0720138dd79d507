import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countJest } from './test-count.ts';
import { judged, runPart } from './test-part.ts';
import type { Part } from './test-parts.ts';

const place = () => {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-gate-'));
  return { root: folder, logs: folder };
};
const node = (code: string, more: Partial<Part> = {}): Part => ({
  name: 'part',
  argv: [process.execPath, '-e', code],
  timeoutMs: 60_000,
  ...more,
});
const never = new AbortController().signal;

describe('a part of the gate', () => {
  it('counts as one check by its exit code, and shows the end of its log only when it failed', async () => {
    expect(await runPart(node('console.log("fine")'), place(), never)).toMatchObject({ passed: 1, failed: 0, tail: '', reason: '' });
    expect(await runPart(node('console.log("broken here"); process.exit(3)'), place(), never)).toMatchObject({
      passed: 0,
      failed: 1,
      tail: 'broken here',
    });
  });

  it('fails when its program is not there', async () => {
    const ran = await runPart({ name: 'part', argv: ['no-such-program-anywhere'], timeoutMs: 60_000 }, place(), never);
    expect(ran).toMatchObject({ failed: 1, reason: expect.stringContaining('no-such-program-anywhere does not start') });
  });

  it('is ended, with what it started, when it takes too long', async () => {
    const endless =
      'require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" }); setInterval(() => {}, 1000)';
    expect(await runPart(node(endless, { timeoutMs: 600 }), place(), never)).toMatchObject({
      failed: 1,
      reason: 'timed out after 0.01 minutes',
    });
  });

  it('is ended when the gate is interrupted, and does not begin afterwards', async () => {
    const stop = new AbortController();
    const running = runPart(node('setInterval(() => {}, 1000)'), place(), stop.signal);
    stop.abort();
    expect(await running).toMatchObject({ failed: 1, reason: 'interrupted' });
    expect(await runPart(node(''), place(), stop.signal)).toMatchObject({ failed: 1, reason: 'interrupted' });
  });

  it('reads its counts from the results its runner wrote', async () => {
    const where = place();
    const results = join(where.logs, 'results.json');
    writeFileSync(results, JSON.stringify({ numPassedTests: 7, numFailedTests: 0, numRuntimeErrorTestSuites: 0, testResults: [] }));
    expect(await runPart(node('', { results, count: countJest }), where, never)).toMatchObject({ passed: 7, failed: 0 });
  });

  it('fails when its runner wrote no results, though it ended well', async () => {
    const where = place();
    expect(await runPart(node('', { results: join(where.logs, 'none.json'), count: countJest }), where, never)).toMatchObject({
      failed: 1,
      reason: expect.stringContaining('unreadable results'),
    });
  });
});

describe('the judgement of a part', () => {
  const count = (passed: number, failed: number) => () => ({ passed, failed, skipped: [] });

  it('is failed when the runner ended badly though no test failed', () => {
    expect(judged({ count: count(5, 0) }, 1, '', '')).toMatchObject({
      passed: 5,
      failed: 1,
      reason: 'exit code 1 although no test failed',
    });
  });

  it('is failed when no test ran', () => {
    expect(judged({ count: count(0, 0) }, 0, '', '')).toMatchObject({ failed: 1, reason: 'no test ran' });
  });

  it('keeps the counts of failing tests as they are', () => {
    expect(judged({ count: count(5, 2) }, 1, '', '')).toMatchObject({ passed: 5, failed: 2 });
  });
});
