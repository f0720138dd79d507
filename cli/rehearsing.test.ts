import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import type { CountdownStatus } from '../verdict/countdown-status.ts';
import { actBody, against, PATH, statusBody } from './testing/against.ts';
import type { Answers } from './testing/fake-server.ts';
import { launchedEnd, NAME, waiting } from '../workflows/testing/example-status.ts';
import { tminus } from './testing/tminus-process.ts';

const example = resolve(import.meta.dirname, '../lab/example/release.yaml');
const folder = mkdtempSync(join(tmpdir(), 'tminus-rehearse-'));
const approver = join(folder, 'li.wei.token');
writeFileSync(approver, 'li-wei\n', { mode: 0o600 });

const started = {
  status: 201,
  body: {
    apiVersion: 'tminus.dev/v1alpha1',
    kind: 'ReleasePlan',
    metadata: { name: NAME },
    started: 'started',
    launchAt: waiting.launchAt,
    checkpoints: [],
    links: { page: 'p' },
  },
};
const [first] = waiting.checkpoints[1]?.approvals ?? [];
/** A checkpoint that waits for its first approver, then the launch. */
const rehearsing = (...statuses: CountdownStatus[]): Answers => ({
  'POST /api/v1/countdowns': started,
  [`POST ${PATH}/clock`]: { status: 202, body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ClockResult' } },
  [`POST ${PATH}/actions`]: actBody('counted'),
  [`GET ${PATH}`]: (_, times) => statusBody(statuses[Math.min(times, statuses.length) - 1] ?? waiting),
});
const asked = { ...waiting, checkpoints: waiting.checkpoints.map((each) => ({ ...each, approvals: [] })) };

it('approves and skips nothing in a real countdown of the same name', async () => {
  const { code, stdout, stderr, server } = await against(rehearsing({ ...asked, rehearsal: false }), [
    'rehearse',
    example,
    '--approver',
    approver,
  ]);
  expect({ code, stdout, stderr }).toEqual({
    code: 6,
    stdout: '',
    stderr: 'go-api-1.4.0 is a real countdown, not a rehearsal; nothing was skipped or approved\n  rename the release to rehearse\n',
  });
  expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /api/v1/countdowns', `GET ${PATH}`]);
});

it('stops when the name becomes that of a real countdown during the rehearsal', async () => {
  const { code, server } = await against(rehearsing(asked, { ...asked, rehearsal: false }), ['rehearse', example, '--approver', approver]);
  expect(code).toBe(6);
  expect(server.asked.filter(({ path }) => path.endsWith('/actions'))).toHaveLength(1);
});

it('prints the progress as text without control characters', async () => {
  const evil = {
    ...waiting,
    auditHead: { ...waiting.auditHead, seq: waiting.auditHead.seq + 1 },
    checkpoints: waiting.checkpoints.map((each) =>
      first && each.approvals.length > 0 ? { ...each, approvals: [{ ...first, comment: 'fine\u001B[2Krest' }] } : each,
    ),
  };
  const { code, stdout } = await against(rehearsing(asked, evil, launchedEnd), ['rehearse', example, '--approver', approver]);
  expect(code).toBe(0);
  expect(stdout).toContain('Li Wei approves "fine·[2Krest"');
  expect(stdout).not.toContain('\u001B');
  expect(stdout).toContain('✔ LAUNCHED');
});

it('prints one JSON status per line and nothing else', async () => {
  const { code, stdout, stderr } = await against(rehearsing(asked, asked, launchedEnd), [
    'rehearse',
    example,
    '--approver',
    approver,
    '-o',
    'json',
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const documents = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CountdownStatus & { kind: string });
  expect(documents.map(({ kind, phase }) => [kind, phase])).toEqual([
    ['ReleaseStatus', 'waiting'],
    ['ReleaseStatus', 'ended'],
  ]);
});

it('reads the tokens of all approvers before it starts anything', async () => {
  const { code, stdout, stderr, server } = await against(rehearsing(asked), [
    'rehearse',
    example,
    '--approver',
    join(folder, 'nobody.token'),
  ]);
  expect({ code, stdout, stderr }).toEqual({
    code: 2,
    stdout: '',
    stderr: `--approver: ${join(folder, 'nobody.token')} not found\n`,
  });
  expect(server.asked).toEqual([]);
  expect(await tminus(['rehearse', '/nowhere.yaml'])).toEqual({ code: 2, stdout: '', stderr: '/nowhere.yaml not found\n' });
});
