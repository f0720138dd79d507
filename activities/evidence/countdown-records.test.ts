import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { exampleAudit, passedEnd } from '../../workflows/testing/example-status.ts';
import { keepRecord } from '../bookkeeping/keep-record.ts';
import type { CountdownRef } from '../../verdict/undo.ts';
import { TrustedWorld, runOf } from '../testing/trusted.ts';
import { admissionOf } from '../identity/admit-start.ts';
import { bytesOf } from './bytes-of.ts';
import { countdownRecords, readCountdownRecord } from './countdown-records.ts';
import { createFolderEvidenceStore } from './folder-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'records-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ended: CountdownStatus = { ...passedEnd, phase: 'ended', ending: 'launched', endedAt: '2026-11-24T09:10:00.000Z' };
const keep = (status: CountdownStatus) =>
  countdownRecords(folder).keep(createFolderEvidenceStore(folder), { kind: 'CountdownRecord', status, audit: exampleAudit });

it('keeps status and audit as they were, and names them in a row of the list', async () => {
  await keep(ended);
  const { pointers, damaged } = await countdownRecords(folder).list();
  expect(damaged).toEqual([]);
  expect(pointers).toMatchObject([
    { release: ended.release, run: ended.run, ending: 'launched', endedAt: ended.endedAt, service: 'shop/go-api' },
  ]);
  const digest = pointers[0]?.digest ?? '';
  expect(readCountdownRecord(await bytesOf(createFolderEvidenceStore(folder), digest), digest)).toEqual({
    kind: 'CountdownRecord',
    status: ended,
    audit: exampleAudit,
  });
});

it('leaves the same files when a retry keeps the same record again', async () => {
  await keep(ended);
  const before = await readdir(folder, { recursive: true });
  await keep(ended);
  expect(await readdir(folder, { recursive: true })).toEqual(before);
});

it('keeps one record per run, the newest first', async () => {
  await keep(ended);
  await keep({ ...ended, run: 'a-later-run', startedAt: '2026-12-24T09:00:00.000Z' });
  expect((await countdownRecords(folder).list()).pointers.map(({ run }) => run)).toEqual(['a-later-run', ended.run]);
});

it('names a file that is not a pointer, reads the others, and passes over what a killed worker left', async () => {
  await keep(ended);
  await writeFile(join(folder, 'records', 'cut-off.json'), '{"release":"go');
  await writeFile(join(folder, 'records', 'other.json'), '{"release":"go-api","digest":"../../etc/passwd"}');
  await writeFile(join(folder, 'records', 'x.json.1.part'), '{');
  const { pointers, damaged } = await countdownRecords(folder).list();
  expect(pointers).toHaveLength(1);
  expect(damaged.toSorted()).toEqual(['cut-off.json', 'other.json']);
});

it('lists nothing where no countdown has ended yet', async () => {
  expect(await countdownRecords(folder).list()).toEqual({ pointers: [], damaged: [] });
});

it('reports a failing disk, and writes no pointer', async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'records'), 'a file where the folder should be');
  await expect(keep(ended)).rejects.toMatchObject({ name: 'EvidenceNotKept' });
});

/** The activity as the run of a countdown calls it; `answers` are those of the workflow. */
function asking(caller: { workflowId: string; runId: string }, answers: Record<string, unknown>) {
  const world = new TrustedWorld(folder);
  const run = { ...runOf({ workflowId: caller.workflowId, firstRunId: ended.run } as CountdownRef), runId: caller.runId };
  world.runs.set(`${caller.workflowId}/${caller.runId}`, run);
  world.caller = caller;
  const asked: unknown[] = [];
  const getHandle = (...given: unknown[]) => ({ query: async (name: string) => (asked.push([...given, name]), answers[name]) });
  const dependencies = {
    ...world.trust,
    client: { workflow: { getHandle } } as unknown as Client,
    store: createFolderEvidenceStore(folder),
    records: countdownRecords(folder),
  };
  const { start } = world.input();
  const admission = world.key.seal(admissionOf(run, start));
  return { asked, keep: (change: object = {}) => keepRecord(dependencies, { start, admission, ...change }) };
}
const OWN = { workflowId: `countdown/${ended.release}`, runId: 'run-3' };

it('asks the very run for its record, not a later countdown of its name', async () => {
  const { asked, keep: keepOwn } = asking(OWN, { status: ended, audit: exampleAudit });
  await keepOwn();
  expect(asked).toEqual([
    [OWN.workflowId, 'run-3', 'audit'],
    [OWN.workflowId, 'run-3', 'status'],
  ]);
  expect((await countdownRecords(folder).list()).pointers).toHaveLength(1);
});

it('replaces no record for a workflow that was not admitted, nor with the status of another countdown', async () => {
  await keep(ended);
  const forged = { ...ended, ending: 'rolled-back' };
  const foreign = asking({ workflowId: 'anything', runId: 'foreign' }, { status: forged, audit: [] });
  await expect(foreign.keep()).rejects.toMatchObject({ type: 'Refused', message: expect.stringContaining('another countdown') });
  await expect(asking(OWN, { status: forged, audit: [] }).keep({ admission: undefined })).rejects.toMatchObject({
    type: 'Refused',
    message: expect.stringContaining('was not admitted'),
  });
  expect((await countdownRecords(folder).list()).pointers).toMatchObject([{ ending: 'launched' }]);
});
