import type { EffectKind, UndoEntry } from '../../verdict/undo.ts';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { openUndoJournal, type UndoJournal } from '../evidence/undo-journal.ts';
import { ApiFailure } from '../kubernetes/api-failure.ts';
import { NEW, FakeClusterApi } from '../testing/fake-cluster-api.ts';
import { createEffectActivities } from './activities.ts';
import type { EffectActivities } from './contract.ts';
import { captureInput, countdownOf, entryOf, fakeEffects } from '../testing/one-effect.ts';
import { TrustedWorld } from '../testing/trusted.ts';
import type { UndoMessages } from './undo-messages.ts';

const countdown = countdownOf('run-1');
const registeredAt = new Date('2026-11-25T09:00:00Z');

let api: FakeClusterApi;
let folder: string;
let order: string[];
let messages: jest.Mocked<UndoMessages>;
let journal: UndoJournal;
let acts: EffectActivities;
let entry: UndoEntry;
let world: TrustedWorld;

beforeEach(async () => {
  api = new FakeClusterApi();
  folder = await mkdtemp(join(tmpdir(), 'effects-'));
  order = [];
  const noted = (name: string) => async () => void order.push(name);
  messages = {
    registerWithCountdown: jest.fn(noted('countdown')),
    registerWithRestorer: jest.fn(noted('restorer')),
    settleWithRestorer: jest.fn(noted('restorer settled')),
  };
  journal = openUndoJournal(folder, () => registeredAt);
  world = new TrustedWorld(await mkdtemp(join(tmpdir(), 'keys-')));
  acts = createEffectActivities({ effects: fakeEffects(api, folder), journal, messages, trust: world.trust });
  const { before, seal } = await acts.captureEffect(captureInput(countdown));
  entry = entryOf(before, countdown, 1, seal);
});

const standing = async (): Promise<string[]> =>
  (await journal.list()).records.filter(({ settled }) => settled === null).map((record) => record.entry.id);

describe('registerUndo', () => {
  it('writes the journal before the countdown is sent anything, and starts the restorer last', async () => {
    messages.registerWithCountdown.mockImplementation(async () => {
      expect(await standing()).toEqual([entry.id]);
      order.push('countdown');
    });
    await acts.registerUndo({ entry, countdown });
    expect(order).toEqual(['countdown', 'restorer']);
  });

  it('fails, and registers nothing elsewhere, when the journal cannot be written', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'a file where the folder was');
    await expect(acts.registerUndo({ entry, countdown })).rejects.toMatchObject({ name: 'EvidenceNotKept' });
    expect(order).toEqual([]);
  });

  it('counts the deadline from the first registration, whichever try sends it', async () => {
    const due = { ...entry, dueInMs: 60_000 };
    messages.registerWithRestorer.mockRejectedValueOnce(new Error('no server'));
    await expect(acts.registerUndo({ entry: due, countdown })).rejects.toThrow('no server');
    journal = openUndoJournal(folder, () => new Date('2026-11-25T09:05:00Z'));
    acts = createEffectActivities({ effects: fakeEffects(api, folder), journal, messages, trust: world.trust });
    await acts.registerUndo({ entry: due, countdown });
    expect(messages.registerWithRestorer).toHaveBeenLastCalledWith(due, countdown, registeredAt.getTime() + 60_000);
    expect(await standing()).toEqual([entry.id]);
  });

  it('leaves nothing standing in the journal when the countdown refuses or has ended, for the effect never happens', async () => {
    messages.registerWithCountdown.mockRejectedValue(
      ApplicationFailure.create({ type: 'CountdownEnded', nonRetryable: true, message: 'it has ended' }),
    );
    await expect(acts.registerUndo({ entry, countdown })).rejects.toMatchObject({ type: 'CountdownEnded' });
    expect(await standing()).toEqual([]);
    await expect(acts.registerUndo({ entry, countdown })).rejects.toMatchObject({ type: 'UndoRefused', nonRetryable: true });
    expect(order).toEqual([]);
  });

  it('leaves standing what was applied before, when the countdown has ended by the time it is registered again', async () => {
    await acts.registerUndo({ entry, countdown });
    await acts.applyEffect({ entry, wanted: { image: NEW }, countdown, authority: world.authority(countdown) });
    messages.registerWithCountdown.mockRejectedValue(
      ApplicationFailure.create({ type: 'CountdownEnded', nonRetryable: true, message: 'it has ended' }),
    );
    await expect(acts.registerUndo({ entry, countdown })).rejects.toMatchObject({ type: 'CountdownEnded' });
    expect(await standing()).toEqual([entry.id]);
  });

  it('refuses a kind that this version has no code for, before anything is recorded', async () => {
    const unknown = { ...entry, kind: 'dns-weight' as EffectKind };
    await expect(acts.registerUndo({ entry: unknown, countdown })).rejects.toMatchObject({
      type: 'Refused',
      nonRetryable: true,
      message: expect.stringContaining('dns-weight'),
    });
    expect([order, await standing()]).toEqual([[], []]);
  });
});

describe('settleUndo', () => {
  it('settles journal and restorer also where the Lease cannot be closed, and fails for the Lease', async () => {
    await acts.registerUndo({ entry, countdown });
    await acts.applyEffect({ entry, wanted: { image: NEW }, countdown, authority: world.authority(countdown) });
    api.before = (verb, resource) => {
      if (resource.resource === 'leases') throw new ApiFailure({ verb, resource, cluster: 'lab', status: 403, detail: 'refused' });
    };
    await expect(acts.settleUndo({ entry, outcome: 'kept', countdown })).rejects.toMatchObject({ type: 'Forbidden' });
    expect(await standing()).toEqual([]);
    expect(order).toContain('restorer settled');
  });

  it('closes the Lease, then the journal, then the restorer', async () => {
    await acts.registerUndo({ entry, countdown });
    await acts.applyEffect({ entry, wanted: { image: NEW }, countdown, authority: world.authority(countdown) });
    await acts.settleUndo({ entry, outcome: 'kept', countdown });
    expect(api.lease?.metadata.annotations?.['tminus.dev/operation-state']).toBe('kept');
    expect(await standing()).toEqual([]);
    expect(order).toContain('restorer settled');
  });

  it('settles with the restorer also when the journal cannot be written, and is retried for the journal', async () => {
    await acts.registerUndo({ entry, countdown });
    await rm(folder, { recursive: true });
    await writeFile(folder, 'a file where the folder was');
    await expect(acts.settleUndo({ entry, outcome: 'kept', countdown })).rejects.toMatchObject({ name: 'EvidenceNotKept' });
    expect(order).toContain('restorer settled');
  });
});
