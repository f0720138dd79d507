import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { evidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import { openUndoJournal } from '../../activities/evidence/undo-journal.ts';
import { RUN } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { exampleUndo } from '../testing/memory-folder.ts';
import { testApp } from '../testing/test-app.ts';
import { CountdownFailure, type Owner } from './countdowns.ts';
import { readLeftovers } from './leftovers.ts';

const LEFTOVERS = '/api/v1/leftovers';
const owned = (owner: Partial<Owner>): Owner => ({ countdown: 'running', phase: 'running', ending: null, restorer: 'running', ...owner });
const undoOf = (key: string, change = {}) => ({
  ...exampleUndo,
  ...change,
  entry: { ...exampleUndo.entry, id: key, target: { cluster: 'lab', key } },
});

describe('what stands', () => {
  it('is nothing while every undo is settled', async () => {
    const { api, archive } = testApp();
    archive.records = [{ ...exampleUndo, settled: { outcome: 'restored', at: exampleUndo.registeredAt } }];
    const answer = await api(LEFTOVERS);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ apiVersion: 'tminus.dev/v1alpha1', kind: 'LeftoverList', items: [], damaged: [] });
  });

  it('is listed by service, with its countdown, its restorer and what it goes back to', async () => {
    const { api, archive, countdowns } = testApp();
    archive.records = [undoOf('shop/pay'), undoOf('shop/cart', { registeredAt: '2026-11-24T08:01:00.000Z' }), undoOf('shop/cart')];
    countdowns.owners.set(RUN, owned({}));
    const { items } = (await (await api(LEFTOVERS)).json()) as { items: { service: string; since: string }[] };
    expect(items.map(({ service, since }) => `${service} ${since}`)).toEqual([
      'shop/cart 2026-11-24T08:00:02.000Z',
      'shop/cart 2026-11-24T08:01:00.000Z',
      'shop/pay 2026-11-24T08:00:02.000Z',
    ]);
    expect(items[0]).toEqual({
      service: 'shop/cart',
      cluster: 'lab',
      effect: 'deployment-image',
      goesBackTo: 'shop/go-api back to registry.local/go-api:sha-4f9c2ab',
      live: true,
      since: '2026-11-24T08:00:02.000Z',
      countdown: { release: 'go-api-1.4.0', run: RUN, state: 'running', phase: 'running', ending: null },
      restorer: 'running',
      next: 'tminus status go-api-1.4.0',
    });
  });

  it.each([
    ['the countdown while it runs', owned({}), 'tminus status go-api-1.4.0'],
    ['the restorer once the countdown was terminated', owned({ countdown: 'terminated', phase: null }), 'tminus leftovers'],
    [
      'a person where neither is there',
      owned({ countdown: 'gone', phase: null, restorer: 'not running' }),
      'tminus restore --from EVIDENCE-FOLDER',
    ],
  ])('is restored by %s', async (_, owner, next) => {
    const { api, archive, countdowns } = testApp();
    archive.records = [exampleUndo];
    countdowns.owners.set(RUN, owner);
    expect(await (await api(LEFTOVERS)).json()).toMatchObject({ items: [{ next, restorer: owner.restorer }] });
  });

  it('is known without Temporal, only not who restores it', async () => {
    const { api, archive, countdowns } = testApp();
    archive.records = [exampleUndo];
    countdowns.failure = new CountdownFailure('Unreachable', 'Temporal did not answer', 'try again');
    expect(await (await api(LEFTOVERS)).json()).toMatchObject({
      items: [{ countdown: { state: 'unknown' }, restorer: 'unknown', next: 'tminus restore --from EVIDENCE-FOLDER' }],
    });
  });

  it('is read from the journal on disk, where a damaged file is reported and hides no other', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tminus-leftovers-'));
    const journal = openUndoJournal(folder);
    await journal.register(exampleUndo.entry, exampleUndo.countdown);
    writeFileSync(path.join(folder, 'undo', 'half.json'), '{"entry":');
    const { items, damaged } = await readLeftovers({ countdowns: fakeCountdowns(), folder: evidenceFolder(folder) });
    expect(items).toMatchObject([{ service: 'shop/go-api', countdown: { state: 'gone' } }]);
    expect(damaged).toMatchObject([{ file: 'half.json', message: expect.stringContaining('is not a record of an undo') }]);
    await journal.settle(exampleUndo.entry, exampleUndo.countdown, 'restored');
    expect((await readLeftovers({ countdowns: fakeCountdowns(), folder: evidenceFolder(folder) })).items).toEqual([]);
  });
});
