// Interface of every change to the outside world: captured, applied, proven, restored. A new outside system is a file beside deployment-image.ts
// and a line in registry.ts.
import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';
import type { z } from 'zod';
import { restoreIdOf } from '../../analysis/rollout/restore-id.ts';
import type { Release } from '../../release/release.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { refuse } from '../refusal.ts';
import type { Operation } from '../kubernetes/contract.ts';
import type { CaptureInput, Proof, WriteResult } from './contract.ts';

export interface Effect<Before, Wanted> {
  /** Schema of the recorded state; the other functions get only valid ones. */
  before: z.ZodType<Before>;
  wanted: z.ZodType<Wanted>;
  /** Records the target. Reads only; refuses an unhealthy state. */
  capture(input: CaptureInput): Promise<{ before: Before; goesBackTo: string; evidence: EvidenceRef[] }>;
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
  /** Why the release does not plan this change, or null. */
  explainUnplanned(release: Release, before: Before, wanted: Wanted): string | null;
  /** Whether the outside system recorded `before` as the state that the operation replaced. Throws when it cannot be read. */
  recordsBefore(operation: Operation, before: Before): Promise<boolean>;
  /** The requests that `restore` would send now. Reads only; throws its refusals. */
  preview(operation: Operation, before: Before): Promise<RestorePreview>;
}

/** A restore that a person can do by hand. */
export interface RestorePreview {
  runsNow: string;
  goesBackTo: string;
  /** In order; empty when nothing must be written. */
  requests: ApiRequest[];
}

export interface ApiRequest {
  method: 'PATCH' | 'POST';
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

/** A restore is a separate operation, so that a delayed launch conflicts with it and is refused. */
export const restoreOf = (operation: Operation): Operation => ({ ...operation, id: restoreIdOf(operation.id) });

/** An effect over unvalidated JSON: invalid `before` or `wanted` is refused (`Refused`, non-retryable). */
export function checked<Before, Wanted>(effect: Effect<Before, Wanted>): Effect<unknown, unknown> {
  const read = (before: unknown): Before => parsed(effect.before, before, 'before');
  return {
    before: effect.before,
    wanted: effect.wanted,
    capture: effect.capture,
    apply: async (operation, before, wanted, lastWriteMs) =>
      effect.apply(operation, read(before), parsed(effect.wanted, wanted, 'wanted'), lastWriteMs),
    landed: async (operation, before, wanted) => effect.landed(operation, read(before), parsed(effect.wanted, wanted, 'wanted')),
    restore: async (operation, before, lastWriteMs) => effect.restore(operation, read(before), lastWriteMs),
    prove: async (entry, before, write, failedAt) => effect.prove(entry, read(before), write, failedAt),
    describe: async (before) => effect.describe(read(before)),
    settle: async (operation, before, outcome) => effect.settle(operation, read(before), outcome),
    explainUnplanned: (release, before, wanted) => effect.explainUnplanned(release, read(before), parsed(effect.wanted, wanted, 'wanted')),
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
