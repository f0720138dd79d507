// Who confirms the state that a restore goes back to: journal, seal or cluster.
import type { UndoEntry } from '../../verdict/undo.ts';
import { beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, rename, mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUndoJournal } from '../evidence/undo-journal.ts';
import { NEW, FakeClusterApi } from '../testing/fake-cluster-api.ts';
import { createEffectActivities } from './activities.ts';
import type { EffectActivities } from './contract.ts';
import { captureInput, countdownOf, entryOf, fakeEffects } from '../testing/one-effect.ts';
import { TrustedWorld } from '../testing/trusted.ts';

const countdown = countdownOf('run-1');
let api: FakeClusterApi, folder: string, world: TrustedWorld, acts: EffectActivities, entry: UndoEntry;
const sent = async () => undefined;
const messages = { registerWithCountdown: sent, registerWithRestorer: sent, settleWithRestorer: sent };
const make = (journal = openUndoJournal(folder)) =>
  createEffectActivities({ effects: fakeEffects(api, folder), journal, messages, trust: world.trust });
beforeEach(async () => {
  api = new FakeClusterApi();
  folder = await mkdtemp(join(tmpdir(), 'own-before-'));
  world = new TrustedWorld(folder);
  acts = make();
  const { before, seal } = await acts.captureEffect(captureInput(countdown));
  entry = entryOf(before, countdown, 1, seal);
});

it('restores although the disk of the journal hangs, because the seal confirms the state', async () => {
  await acts.registerUndo({ entry, countdown });
  await acts.applyEffect({ entry, wanted: { image: NEW }, countdown, authority: world.authority(countdown) });
  const hung = { ...openUndoJournal(folder), find: () => new Promise<never>(() => undefined) };
  const answer = await Promise.race([
    make(hung)
      .restoreEffect({ entry, countdown })
      .then(() => 'restored'),
    new Promise((late) => setTimeout(late, 10_000, 'nothing within 10 s')),
  ]);
  expect(answer).toBe('restored');
}, 15_000);

it('is retried when the only source, the journal, cannot be read', async () => {
  const { seal: _, ...old } = entry;
  const journal = openUndoJournal(folder);
  await journal.register(old, countdown);
  const undo = join(folder, 'undo');
  const [name = ''] = await readdir(undo);
  await rename(join(undo, name), join(folder, 'aside'));
  await mkdir(join(undo, name)); // EISDIR stands for EIO, ESTALE, EACCES: the answer is the same
  const error = await make(journal)
    .restoreEffect({ entry: old, countdown })
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ type: 'Unreachable', nonRetryable: false });
});

it('a standing undo is registered again where the key of its seal is not trusted any more, for the journal holds it', async () => {
  await acts.registerUndo({ entry, countdown });
  const { seal: _, ...unsealed } = entry;
  await expect(acts.registerUndo({ entry: unsealed as UndoEntry, countdown })).resolves.toBeUndefined();
});
