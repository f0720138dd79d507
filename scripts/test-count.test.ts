import { describe, expect, it } from '@jest/globals';
import { countGo, countJest, lastLine } from './test-count.ts';

const go = (...events: object[]): string => events.map((event) => JSON.stringify({ Package: 'shop', ...event })).join('\n');

describe('the count of the gate', () => {
  it('counts a jest suite that could not run as failed', () => {
    expect(countJest(JSON.stringify({ numPassedTests: 3, numFailedTests: 1, numRuntimeErrorTestSuites: 1, testResults: [] }))).toEqual({
      passed: 3,
      failed: 2,
      skipped: [],
    });
  });

  it('names skipped jest tests', () => {
    const testResults = [
      {
        name: 'a',
        assertionResults: [
          { fullName: 'does a thing', status: 'pending' },
          { fullName: 'does another', status: 'passed' },
        ],
      },
    ];
    expect(countJest(JSON.stringify({ numPassedTests: 1, numFailedTests: 0, numRuntimeErrorTestSuites: 0, testResults })).skipped).toEqual([
      'does a thing',
    ]);
  });

  it('tells the reason a Go test gave for skipping', () => {
    const lines = go(
      { Action: 'output', Test: 'TestReal', Output: 'TEST_REDIS_URL is not set' },
      { Action: 'skip', Test: 'TestReal' },
      { Action: 'pass' },
    );
    expect(countGo(lines)).toEqual({ passed: 0, failed: 0, skipped: ['TestReal: TEST_REDIS_URL is not set'] });
  });

  it('counts Go tests without subtests, and a test with subtests by these', () => {
    const lines = go(
      { Action: 'pass', Test: 'TestA/one' },
      { Action: 'fail', Test: 'TestA/two' },
      { Action: 'fail', Test: 'TestA' },
      { Action: 'pass', Test: 'TestB' },
      { Action: 'fail' },
    );
    expect(countGo(lines)).toEqual({ passed: 2, failed: 1, skipped: [] });
  });

  it('counts a Go package that does not build as failed', () => {
    expect(countGo(go({ Action: 'fail' }))).toMatchObject({ failed: 1 });
    expect(countGo(go({ Action: 'fail', Test: 'TestA' }, { Action: 'fail' }))).toMatchObject({ failed: 1 });
  });

  it('ends with passed and failed, and skips only when there are any', () => {
    const count = { passed: 2, failed: 0, skipped: [] };
    expect(lastLine([count, count])).toBe('4 passed, 0 failed');
    expect(lastLine([count, { ...count, skipped: ['x: y'] }])).toBe('4 passed, 0 failed, 1 skipped');
  });
});
