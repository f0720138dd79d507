import { expect, it } from '@jest/globals';
import type { CountdownStatus } from '../verdict/countdown-status.ts';
import { against, PATH, statusBody } from './testing/against.ts';
import { refusal, type Answers } from './testing/fake-server.ts';
import { counting, inLoadTest, launchedEnd, NAME, rolledBack, stopped, waiting } from '../workflows/testing/example-status.ts';

const changing = (...all: CountdownStatus[]): Answers => ({
  [`GET ${PATH}`]: (_, times) => statusBody(all[Math.min(times, all.length) - 1] ?? counting),
  [`GET ${PATH}/progress`]: { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseProgress', items: [] } },
});

it('prints one line per change with its time if there is no terminal, and exits with the code of the ending', async () => {
  const { code, stdout } = await against(changing(waiting, waiting, launchedEnd), ['status', NAME, '--watch']);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^2026-11-24T\d\d:\d\d:\d\d\.000Z {2}/);
  expect(lines.filter((line) => line.includes('Li Wei approves'))).toHaveLength(1);
  expect(lines.at(-1)).toContain('Next: tminus report');
});

it('prints one JSON document per line', async () => {
  const { stdout } = await against(changing(inLoadTest, inLoadTest, stopped, rolledBack), ['status', NAME, '-w', '--json']);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as CountdownStatus).phase),
  ).toEqual(['running', 'stopped', 'ended']);
});

it('continues after a restart of the server, and reports it once', async () => {
  const answers: Answers = {
    [`GET ${PATH}`]: (_, times) =>
      times === 2 ? refusal(500, 'Unreachable', 'Temporal did not answer') : statusBody(times < 3 ? waiting : launchedEnd),
  };
  const { code, stdout, stderr } = await against(answers, ['status', NAME, '--wait']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'Temporal did not answer; retrying\n' });
  expect(stdout).toContain('✔ launched');
});
