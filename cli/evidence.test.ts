import { expect, it } from '@jest/globals';
import { against } from './testing/against.ts';
import { refusal } from './testing/fake-server.ts';

const standing = {
  service: 'shop/go-api',
  cluster: 'lab',
  effect: 'deployment-image',
  goesBackTo: 'shop/go-api back to sha-4f9c2ab',
  live: true,
  since: '2026-11-24T08:00:02.000Z',
  countdown: { release: 'go-api-1.4.0', run: 'r', state: 'terminated', phase: null, ending: null },
  restorer: 'not running',
  next: 'tminus restore --from EVIDENCE-FOLDER',
};
const listing = (items: unknown[], damaged: unknown[] = []) => ({
  'GET /api/v1/leftovers': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'LeftoverList', items, damaged } },
});

it('prints one line if there are no open undos', async () => {
  expect(await against(listing([]), ['leftovers'])).toMatchObject({ code: 0, stdout: 'no open undos\n' });
});

it('lists open undos with their countdown and the next command', async () => {
  const { stdout } = await against(listing([standing]), ['leftovers']);
  const [head, row] = stdout.split('\n');
  expect(head?.split(/ {2,}/)).toEqual(['SERVICE', 'EFFECT', 'SINCE', 'COUNTDOWN', 'GOES BACK TO', 'NEXT']);
  expect(row?.split(/ {2,}/)).toEqual([
    'shop/go-api on lab',
    'deployment-image, live',
    expect.stringMatching(/^2026-11-24 08:00:02 UTC \(/),
    'go-api-1.4.0: terminated, restorer not running',
    'shop/go-api back to sha-4f9c2ab',
    'tminus restore --from EVIDENCE-FOLDER',
  ]);
});

it('does not print `no open undos` if a file of the journal cannot be read', async () => {
  const { stdout } = await against(listing([], [{ file: 'a.json', message: 'a.json is not a record of an undo' }]), ['leftovers']);
  expect(stdout).toBe('✖ a.json is not a record of an undo\n');
});

it('prints open undos as a document', async () => {
  const { stdout } = await against(listing([standing]), ['leftovers', '--output', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'LeftoverList', items: [standing] });
});

const pruned = {
  apiVersion: 'tminus.dev/v1alpha1',
  kind: 'PruneResult',
  dryRun: true,
  before: '2026-08-26T08:05:00.000Z',
  openCountdowns: 1,
  removed: 12,
  removedBytes: 3_145_728,
  keptNamed: 4,
  keptYoung: 230,
};

it('requests a prune by age, and prints removed and kept counts', async () => {
  const { stdout, server } = await against({ 'POST /api/v1/evidence/prune': { body: pruned } }, [
    'prune',
    '--older-than',
    '90d',
    '--dry-run',
  ]);
  expect(server.asked.at(-1)?.body).toEqual({ olderThan: '90d', dryRun: true });
  expect(stdout).toBe(
    [
      '12 pieces (3 MiB) would be removed, stored before 2026-08-26 08:05 UTC',
      '4 old pieces kept: referenced by an open countdown, an undo or the last good release; 230 younger pieces kept; 1 countdowns are open',
      '',
    ].join('\n'),
  );
});

it('requires an age, and prints the reason of a refusal', async () => {
  expect(await against({}, ['prune'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("'--older-than <duration>' not specified"),
  });
  expect(await against({}, ['prune', '--older-than', '90'])).toMatchObject({ code: 2, stderr: expect.stringContaining('has no unit') });
  const why = 'nothing was removed: the evidence that the open countdown go-api-1.4.0 needs is unknown (no worker answered)';
  expect(await against({ 'POST /api/v1/evidence/prune': refusal(409, 'Refused', why) }, ['prune', '--older-than', '90d'])).toMatchObject({
    code: 6,
    stderr: expect.stringContaining(why),
  });
});
