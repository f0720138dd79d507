// Interface of every change to the outside world: captured, applied, proven, restored. A new outside system is a file beside deployment-image.ts
// and a line in registry.ts.
import { isDeepStrictEqual } from 'node:util';
import type { CountdownRef, EffectTarget, UndoEntry } from '../../verdict/undo.ts';
import type { z } from 'zod';
import { restoreIdOf } from '../../analysis/rollout/restore-id.ts';
import type { Release } from '../../release/release.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { refuse } from '../refusal.ts';
import type { Operation } from '../kubernetes/contract.ts';
import type { CaptureInput, Proof, WriteResult } from './contract.ts';

/** Checkpoint and step that apply an effect. */
export interface StepPlace {
  checkpoint: string;
  step: string;
}

export interface Effect<Before, Wanted, Settings> {
  /** Who must have allowed it: people for a launch, the plan and the approvals before its checkpoint for a drill. */
  purpose: 'launch' | 'drill';
  /** Schema of what a capture is asked for. */
  settings: z.ZodType<Settings>;
  /** The target that the settings name. A capture of any other is refused. */
  targetOf(settings: Settings): EffectTarget;
  /** Schema of the recorded state; the other functions get only valid ones. */
  before: z.ZodType<Before>;
  wanted: z.ZodType<Wanted>;
  /** Records the target. Reads only; refuses an unhealthy state. */
  capture(input: CaptureInput, settings: Settings): Promise<RecordedState<Before>>;
  /** Verify-then-act with the operation's id. Sends no write after `lastWriteMs`, by `performance.now()`. */
  apply(operation: Operation, before: Before, wanted: Wanted, lastWriteMs: number): Promise<WriteResult>;
  /** The landed write of the operation; null when it has not landed. Reads only. */
  landed(operation: Operation, before: Before, wanted: Wanted): Promise<WriteResult | null>;
  /** Verify-then-act: rolls back the operation, and no change by someone else. Sends no write after `lastWriteMs`. */
  restore(operation: Operation, before: Before, lastWriteMs: number): Promise<WriteResult>;
  /** Watches the restored target and judges it. */
  prove(entry: UndoEntry, before: Before, write: WriteResult, failedAt: string | null): Promise<Proof>;
  /** Why the target fails, for display; bounded. */
  describe(before: Before): Promise<{ facts: Fact[]; evidence: EvidenceRef[] }>;
  /** Records in the outside system that the operation has ended. */
  settle(operation: Operation, before: Before, outcome: 'restored' | 'kept'): Promise<void>;
  /** Why the release does not plan this change in this step, or null. */
  explainUnplanned(release: Release, before: Before, wanted: Wanted, place: StepPlace): string | null;
  /** Whether the outside system recorded `before` as the state that the operation replaced. Throws when it cannot be read. */
  recordsBefore(operation: Operation, before: Before): Promise<boolean>;
  /** The requests that `restore` would send now. Reads only; throws its refusals. */
  preview(operation: Operation, before: Before): Promise<RestorePreview>;
}

export interface RecordedState<Before> {
  before: Before;
  /** Image or state that a restore restores, for display. */
  goesBackTo: string;
  evidence: EvidenceRef[];
}

/** An effect that validates the JSON it is given. */
export interface CheckedEffect extends Omit<Effect<unknown, unknown, unknown>, 'capture' | 'settings' | 'targetOf'> {
  capture(input: CaptureInput): Promise<RecordedState<unknown>>;
}

/** A restore that a person can do by hand. */
export interface RestorePreview {
  runsNow: string;
  goesBackTo: string;
  /** In order; empty when nothing must be written. */
  requests: ApiRequest[];
}

export interface ApiRequest {
  method: 'PATCH' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  contentType: string;
  body: unknown;
  /** The kubectl command that sends the body from a file. */
  kubectl(bodyFile: string): string;
}

type Identity = Pick<CountdownRef, 'workflowId' | 'firstRunId'>;

/** Name of a countdown in annotations and Lease. */
export const countdownKey = ({ workflowId, firstRunId }: Identity): string => `${workflowId}/${firstRunId}`;

/** The operation of an entry's effect. */
export const operationOf = ({ id, generation }: UndoEntry, countdown: Identity): Operation => ({
  id,
  countdown: countdownKey(countdown),
  generation,
});

/** The step that an entry's id names; null when the id is not one of this countdown. */
export function placeOf({ id }: Pick<UndoEntry, 'id'>, countdown: Identity): StepPlace | null {
  const prefix = `${countdownKey(countdown)}/`;
  const [checkpoint, step, round] = id.startsWith(prefix) ? id.slice(prefix.length).split('/') : [];
  return checkpoint && step && round ? { checkpoint, step } : null;
}

/** A restore is a separate operation, so that a delayed launch conflicts with it and is refused. */
export const restoreOf = (operation: Operation): Operation => ({ ...operation, id: restoreIdOf(operation.id) });

/** An effect over unvalidated JSON: invalid `settings`, `before` or `wanted` are refused (`Refused`, non-retryable). */
export function checked<Before, Wanted, Settings>(effect: Effect<Before, Wanted, Settings>): CheckedEffect {
  const read = (before: unknown): Before => parsed(effect.before, before, 'before');
  return {
    purpose: effect.purpose,
    before: effect.before,
    wanted: effect.wanted,
    capture: async (input) => {
      const settings = parsed(effect.settings, input.settings, 'settings');
      const { cluster, key } = effect.targetOf(settings);
      if (!isDeepStrictEqual(input.target, { cluster, key }))
        throw refuse('Refused', `the settings name ${cluster}/${key}, and the target is ${input.target.cluster}/${input.target.key}`);
      return effect.capture(input, settings);
    },
    apply: async (operation, before, wanted, lastWriteMs) =>
      effect.apply(operation, read(before), parsed(effect.wanted, wanted, 'wanted'), lastWriteMs),
    landed: async (operation, before, wanted) => effect.landed(operation, read(before), parsed(effect.wanted, wanted, 'wanted')),
    restore: async (operation, before, lastWriteMs) => effect.restore(operation, read(before), lastWriteMs),
    prove: async (entry, before, write, failedAt) => effect.prove(entry, read(before), write, failedAt),
    describe: async (before) => effect.describe(read(before)),
    settle: async (operation, before, outcome) => effect.settle(operation, read(before), outcome),
    explainUnplanned: (release, before, wanted, place) =>
      effect.explainUnplanned(release, read(before), parsed(effect.wanted, wanted, 'wanted'), place),
    recordsBefore: async (operation, before) => effect.recordsBefore(operation, read(before)),
    preview: async (operation, before) => effect.preview(operation, read(before)),
  };
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw refuse(
    'Refused',
    `${[name, ...(issue?.path ?? [])].join('.')} is invalid in this version (${issue?.message ?? 'unknown shape'}); nothing was written`,
  );
}
