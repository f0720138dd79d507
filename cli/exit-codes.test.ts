import { expect, it } from '@jest/globals';
import type { CountdownStatus } from '../verdict/countdown-status.ts';
import { against, PATH, showing, serving } from './testing/against.ts';
import { refusal } from './testing/fake-server.ts';
import {
  aborted,
  counting,
  holding,
  inLoadTest,
  launchedEnd,
  NAME,
  passedEnd,
  refusedEnd,
  rolledBack,
  stopped,
  undoIncomplete,
  waiting,
} from '../workflows/testing/example-status.ts';
import { startTminus, tminus } from './testing/tminus-process.ts';

it.each([
  ['launched', launchedEnd, 0],
  ['passed', passedEnd, 0],
  ['no-go', stopped, 3],
  ['rolled back', rolledBack, 3],
  ['aborted', aborted, 3],
  ['refused', refusedEnd, 3],
  ['left with an incomplete rollback', undoIncomplete, 3],
  ['counting', counting, 5],
  ['waiting for people', waiting, 5],
  ['holding', holding, 5],
  ['running', inLoadTest, 5],
])('status --wait of a countdown that is %s: %#', async (_, status, code) => {
  const ran = await against(showing(status), ['status', NAME, '--wait', '--timeout', '10ms', '-o', 'json']);
  expect({ code: ran.code, phase: (JSON.parse(ran.stdout) as CountdownStatus).phase }).toEqual({ code, phase: status.phase });
});

it('is 0 for a printed document, whatever its content', async () => {
  expect((await against(showing(stopped), ['status', NAME])).code).toBe(0);
});

it.each([
  ['NotSignedIn', 401, 4],
  ['NotAllowed', 403, 6],
  ['Refused', 409, 6],
  ['NotFound', 404, 2],
  ['InvalidRelease', 422, 2],
  ['Internal', 500, 1],
])('of the error code %s of the server', async (code, status, exit) => {
  const { server: _, ...ran } = await against({ [`GET ${PATH}`]: refusal(status, code, 'no, because') }, ['status', NAME]);
  expect(ran).toEqual({ code: exit, stdout: '', stderr: 'no, because\n  do otherwise\n' });
});

it('is 130 after Ctrl-C, with one document as JSON', async () => {
  const server = await serving(showing(counting));
  const running = startTminus(['status', NAME, '--watch', '--json'], { server: server.url });
  while (!running.stdout().includes('\n')) await new Promise((again) => setTimeout(again, 20));
  running.child.kill('SIGINT');
  const { code, stdout } = await running.done;
  expect(code).toBe(130);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind),
  ).toEqual(['ReleaseStatus', 'Error']);
});

it('is listed in the help', async () => {
  for (const argv of [['help', 'exit-codes'], ['exit-codes']]) {
    const { code, stdout } = await tminus(argv);
    expect(code).toBe(0);
    for (const row of [
      '   0  done',
      '   1  unexpected error; the server, Temporal or a worker does not respond',
      '   2  wrong usage, unknown countdown',
      '   3  the verdict is no-go: for status --wait and rehearse, the countdown ended as no-go, refused,',
      '   4  not authenticated',
      '   5  undecided: still counting',
      '   6  refused',
      ' 130  interrupted',
    ])
      expect(stdout).toContain(row);
  }
});
