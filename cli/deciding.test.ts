import { expect, it } from '@jest/globals';
import { actBody, against, PATH, showing, serving } from './testing/against.ts';
import { refusal, type Answers } from './testing/fake-server.ts';
import { NAME, RUN, stopped, waiting } from '../workflows/testing/example-status.ts';
import { tminus } from './testing/tminus-process.ts';

const poll = waiting.checkpoints[1];

it('sends the revision and evidence that it read, and prints them', async () => {
  const { code, stdout, stderr, server } = await against(
    { ...showing(waiting), [`POST ${PATH}/actions`]: actBody('final-poll has its approvals') },
    ['approve', NAME, '-m', 'numbers read'],
  );
  expect(server.asked.at(-1)?.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    action: 'approve',
    comment: 'numbers read',
    checkpoint: 'final-poll',
    revision: 3,
    evidenceDigest: poll?.evidenceDigest,
    run: RUN,
  });
  expect(server.asked.at(-1)?.authorization).toBe('Bearer a-token');
  expect(stderr).toBe(
    'approve go-api-1.4.0 at T-1h final-poll: revision 3, evidence sha256:7c7c7c7c7c7c…, 5 of 5 findings so far pass; 1 of 2 approvals given\n',
  );
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'go-api-1.4.0: final-poll has its approvals\n  final-poll, revision 3; it is now waiting\nNext:  tminus status go-api-1.4.0\n',
  });
});

it('repeats a request with the same id if the response was lost', async () => {
  const answers: Answers = {
    ...showing(waiting),
    [`POST ${PATH}/actions`]: (_, times) =>
      times === 1 ? 'lost' : times === 2 ? refusal(504, 'OutcomeUnknown', 'no answer came') : actBody('it counts'),
  };
  const { code, stdout, server } = await against(answers, ['approve', NAME, '--json']);
  const ids = server.asked.filter(({ method }) => method === 'POST').map(({ body }) => body?.['id']);
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
  expect({ code, document: JSON.parse(stdout) as unknown }).toEqual({
    code: 0,
    document: expect.objectContaining({
      kind: 'ActionResult',
      decided: { checkpoint: 'final-poll', revision: 3, evidenceDigest: poll?.evidenceDigest },
    }),
  });
});

it('prints the id for a retry, and accepts it as an option', async () => {
  const { code, stderr, server } = await against(
    { ...showing(waiting), [`POST ${PATH}/actions`]: refusal(504, 'OutcomeUnknown', 'no answer came') },
    ['approve', NAME],
  );
  const id = String(server.asked.at(-1)?.body?.['id']);
  expect(code).toBe(1);
  expect(stderr).toContain(`no answer came\n  it may still take effect; repeat it with --id ${id}, which is idempotent\n`);
  const again = await against({ ...showing(waiting), [`POST ${PATH}/actions`]: actBody('it counts') }, ['approve', NAME, '--id', id]);
  expect(again.server.asked.at(-1)?.body?.['id']).toBe(id);
});

it('exits with 6 and prints the reason of a refusal', async () => {
  const ran = await against(
    {
      ...showing(waiting),
      [`POST ${PATH}/actions`]: refusal(409, 'Refused', 'Mei Tan requested this countdown; someone else has to approve it'),
    },
    ['approve', NAME, '--json'],
  );
  expect({ code: ran.code, document: JSON.parse(ran.stdout) as unknown }).toEqual({
    code: 6,
    document: expect.objectContaining({
      kind: 'Error',
      code: 'Refused',
      message: 'Mei Tan requested this countdown; someone else has to approve it',
    }),
  });
});

it('holds without reading the status, so that no worker is needed', async () => {
  const answers: Answers = {
    [`GET ${PATH}`]: refusal(503, 'NoWorker', 'no worker answered'),
    [`POST ${PATH}/actions`]: actBody('the hold is handed over'),
  };
  const { code, stdout, server } = await against(answers, ['hold', NAME, '-m', 'incident']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'go-api-1.4.0: the hold is handed over\nNext:  tminus status go-api-1.4.0\n' });
  expect(server.asked).toHaveLength(1);
});

it.each([
  [['resume', NAME, '--shift'], { action: 'resume', launchAt: 'shift' }],
  [['recycle', NAME, '--to', 'T-72h', '-m', 'fixed'], { action: 'recycle', to: 'T-72h' }],
  [['retry', NAME, '--step', 'load-test'], { action: 'retry', step: 'load-test' }],
  [['reject', NAME, '-m', 'too slow'], { action: 'reject', comment: 'too slow' }],
  // On the countdown's own clock.
  [
    ['waive', NAME, '--finding', 'LatencyAboveLimit/POST /api/order/create', '--expires', '24h', '-m', 'known'],
    { action: 'waive', finding: 'LatencyAboveLimit/POST /api/order/create', expiresAt: '2026-11-22T09:00:30.000Z' },
  ],
])('sends %j', async (argv, body) => {
  const { server } = await against({ ...showing(stopped), [`POST ${PATH}/actions`]: actBody('done') }, argv);
  expect(server.asked.at(-1)?.body).toMatchObject(body);
});

it('resumes only the hold that it read', async () => {
  const held = { ...stopped, phase: 'holding' as const, holdSince: '2026-11-21T09:00:00.000Z' };
  const { server } = await against({ ...showing(held), [`POST ${PATH}/actions`]: actBody('the countdown is not held') }, ['resume', NAME]);
  expect(server.asked.at(-1)?.body).toMatchObject({ action: 'resume', holdSince: held.holdSince });
});

it('reads a reason from stdin', async () => {
  const { server } = await against({ ...showing(waiting), [`POST ${PATH}/actions`]: actBody('done') }, ['approve', NAME, '-m', '-'], {
    stdin: 'read it\nall of it\n',
  });
  expect(server.asked.at(-1)?.body).toMatchObject({ comment: 'read it\nall of it' });
});

it('aborts only if the name is repeated, and never prompts a script', async () => {
  const answers: Answers = { [`POST ${PATH}/actions`]: actBody('the abort is handed over') };
  const server = await serving(answers);
  const at = { server: server.url };
  const unsaid = { code: 2, stdout: '', stderr: 'abort requires the name of go-api-1.4.0 again\n  add --confirm go-api-1.4.0\n' };
  expect(await tminus(['abort', NAME, '-m', 'wrong image'], at)).toEqual(unsaid);
  expect(await tminus(['abort', NAME, '-m', 'wrong image', '--no-input'], at)).toEqual(unsaid);
  expect(await tminus(['abort', NAME, '-m', 'wrong image', '--confirm', 'go-api-1.4'], at)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"go-api-1.4" is not go-api-1.4.0; nothing was aborted'),
  });
  expect(server.asked).toEqual([]);
  expect((await tminus(['abort', NAME, '-m', 'wrong image', '--confirm', NAME], at)).code).toBe(0);
  expect(server.asked).toHaveLength(1);
});
