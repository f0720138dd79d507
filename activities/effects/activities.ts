// Activities of effects: the same order for every kind, with failpoints around each.
import type { CountdownRef, EffectKind, UndoEntry } from '../../verdict/undo.ts';
import type { UndoJournal } from '../evidence/undo-journal.ts';
import { withFailpoints } from '../failpoint.ts';
import type { TrustDependencies } from '../identity/trust.ts';
import { refuse } from '../refusal.ts';
import { lastWriteAtMs } from '../kubernetes/converge-write.ts';
import { asApplicationFailure } from '../kubernetes/index.ts';
import { assertAuthorized, capturedStatement, isOwnStep } from './authority.ts';
import type { EffectActivities } from './contract.ts';
import { operationOf, type CheckedEffect } from './effect.ts';
import { assertOwnBefore, assertSealed, sameBefore } from './own-before.ts';
import type { Effects } from './registry.ts';
import { isFinalRegistration, type UndoMessages } from './undo-messages.ts';

export interface EffectDependencies {
  effects: Effects;
  journal: UndoJournal;
  messages: UndoMessages;
  trust: TrustDependencies;
}

/** Failures are ApplicationFailures with a type for retry policies; permanent ones are non-retryable. */
export function createEffectActivities({ effects, journal, messages, trust }: EffectDependencies): EffectActivities {
  const passing = <T>(kind: EffectKind, phase: 'capture' | 'register' | 'restore-prove' | 'settle', work: () => Promise<T>): Promise<T> =>
    withFailpoints(`${kind}.${phase}`, () => asApplicationFailure(work));
  return {
    captureEffect: async (input) =>
      passing(input.kind, 'capture', async () => {
        const { kind, generation, countdown } = input;
        const captured = await effectOf(effects, kind).capture(input);
        const statement = capturedStatement({ kind, target: input.target, generation, before: captured.before }, countdown);
        return { ...captured, seal: trust.key.seal(statement) };
      }),
    registerUndo: async ({ entry, countdown }) => {
      effectOf(effects, entry.kind);
      await asApplicationFailure(() => assertSealed({ journal, key: trust.key }, entry, countdown));
      await passing(entry.kind, 'register', () => register({ journal, messages }, entry, countdown));
    },
    // The failpoints of applyEffect and restoreEffect are in convergeWrite.
    applyEffect: async (input) =>
      asApplicationFailure(async () => {
        const lastWriteMs = lastWriteAtMs();
        const { entry, wanted, countdown } = input;
        const effect = effectOf(effects, entry.kind);
        const operation = operationOf(entry, countdown);
        try {
          await assertAuthorized(trust, input, effect);
        } catch (refusal) {
          // A previous attempt may have written and died: its write is reported, even if it would be refused now.
          const landed = (await isOwnStep(trust, countdown)) ? await effect.landed(operation, entry.before, wanted) : null;
          if (landed === null) throw refusal;
          return landed;
        }
        return effect.apply(operation, entry.before, wanted, lastWriteMs);
      }),
    restoreEffect: async ({ entry, countdown }) =>
      asApplicationFailure(async () => {
        const lastWriteMs = lastWriteAtMs();
        const effect = effectOf(effects, entry.kind);
        await assertOwnBefore({ journal, key: trust.key }, entry, countdown, effect);
        return effect.restore(operationOf(entry, countdown), entry.before, lastWriteMs);
      }),
    proveRestored: async ({ entry, write, failedAt }) =>
      passing(entry.kind, 'restore-prove', () => effectOf(effects, entry.kind).prove(entry, entry.before, write, failedAt)),
    describeFailure: async ({ entry }) => asApplicationFailure(() => effectOf(effects, entry.kind).describe(entry.before)),
    settleUndo: async ({ entry, outcome, countdown }) =>
      passing(entry.kind, 'settle', async () => {
        const [closed] = await Promise.allSettled([
          effectOf(effects, entry.kind).settle(operationOf(entry, countdown), entry.before, outcome),
        ]);
        // Also when the Lease cannot be closed: an undo that stays listed may be restored by hand, even that of a launched version.
        await settle({ journal, messages }, entry, outcome, countdown);
        if (closed.status === 'rejected') throw closed.reason;
      }),
  };
}

/** Refuses (non-retryable) a kind that this version does not implement. */
export function effectOf(effects: Effects, kind: EffectKind): CheckedEffect {
  if (Object.hasOwn(effects, kind)) return effects[kind];
  throw refuse('Refused', `this version does not implement effects of kind ${kind}; nothing was written`);
}

type Records = Pick<EffectDependencies, 'journal' | 'messages'>;

/** The journal first, because it restores without Temporal: when it cannot be written, the registration fails and the effect is not applied. */
async function register({ journal, messages }: Records, entry: UndoEntry, countdown: CountdownRef): Promise<void> {
  const { entry: recorded, registeredAt, settled, isNew } = await journal.register(entry, countdown);
  if (!sameBefore(recorded, entry))
    throw refuse(
      'UndoRefused',
      `the undo ${entry.name} (${entry.id}) was registered with another recorded state; its effect is not applied`,
    );
  if (settled !== null)
    throw refuse(
      'UndoRefused',
      `the undo ${entry.name} (${entry.id}) was settled as ${settled.outcome} at ${settled.at}; its effect is not applied again`,
    );
  try {
    await messages.registerWithCountdown(entry, countdown);
  } catch (error) {
    // The effect will not be applied, so the journal must not list it as left over. One that was already registered may have been applied and stays
    // listed.
    if (isNew && isFinalRegistration(error)) await journal.settle(entry, countdown, 'restored');
    throw error;
  }
  // Counted from the first registration, so that a retry does not move the deadline.
  await messages.registerWithRestorer(entry, countdown, entry.dueInMs === undefined ? null : Date.parse(registeredAt) + entry.dueInMs);
}

/** Notifies the restorer even when the journal cannot be written; the activity then fails and is retried. */
async function settle(
  { journal, messages }: Records,
  entry: UndoEntry,
  outcome: 'restored' | 'kept',
  countdown: CountdownRef,
): Promise<void> {
  const [kept, sent] = await Promise.allSettled([journal.settle(entry, countdown, outcome), messages.settleWithRestorer(entry, countdown)]);
  if (kept.status === 'rejected') throw kept.reason;
  if (sent.status === 'rejected') throw sent.reason;
}
