// The one shape of every change to the outside world: captured, applied, proven, restored. A new outside system is a file beside
// deployment-image.ts and a line in registry.ts.
import type { z } from 'zod';
import { restoreIdOf } from '../../analysis/rollout/restore-id.ts';
import type { Release } from '../../release/release.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { refuse } from '../refusal.ts';
import type { Operation } from '../kubernetes/contract.ts';
import type { CaptureInput, CountdownRef, Proof, UndoEntry, WriteResult } from './contract.ts';

export interface Effect<Before, Wanted> {
  /** The shape of what `capture` records. Every other function gets only what fits it. */
  before: z.ZodType<Before>;
  wanted: z.ZodType<Wanted>;
  /** Records the target as it is. Changes nothing; refuses a state that is none to go back to. */
  capture(input: CaptureInput): Promise<{ before: Before; goesBackTo: string; evidence: EvidenceRef[] }>;
  /** Verify-then-act under the operation's id. No write leaves after `lastWriteMs`, by `performance.now()`. */
  apply(operation: Operation, before: Before, wanted: Wanted, lastWriteMs: number): Promise<WriteResult>;
  /** The write of the operation as the outside system shows it; null where it has not landed. Changes nothing. */
  landed(operation: Operation, before: Before, wanted: Wanted): Promise<WriteResult | null>;
  /** Verify-then-act: takes back what the operation did, and nothing that somebody else did. No write leaves after `lastWriteMs`. */
  restore(operation: Operation, before: Before, lastWriteMs: number): Promise<WriteResult>;
  /** Watches the restored target and judges it. */
  prove(entry: UndoEntry, before: Before, write: WriteResult, failedAt: string | null): Promise<Proof>;
  /** What is wrong with the target, for people; bounded. */
  describe(before: Before): Promise<{ facts: Fact[]; evidence: EvidenceRef[] }>;
  /** Records in the outside system that the operation has ended. */
  settle(operation: Operation, before: Before, outcome: 'restored' | 'kept'): Promise<void>;
  /** Why the release does not ask for this change there, or null. */
  explainUnplanned(release: Release, before: Before, wanted: Wanted): string | null;
  /** Whether the outside system itself records that `before` is what the operation replaced. Throws where it cannot be asked. */
  recordsBefore(operation: Operation, before: Before): Promise<boolean>;
  /** What `restore` would send now. Changes nothing; throws its refusals. */
  preview(operation: Operation, before: Before): Promise<RestorePreview>;
}

/** A restore as a person would do it by hand. */
export interface RestorePreview {
  /** What the target runs now. */
  runsNow: string;
  goesBackTo: string;
  /** In their order; empty when nothing needs to be written. */
  requests: ApiRequest[];
}

export interface ApiRequest {
  method: 'PATCH' | 'POST';
  path: string;
  contentType: string;
  body: unknown;
  /** The kubectl command that sends the same body from this file. */
  kubectl(bodyFile: string): string;
}

type Identity = Pick<CountdownRef, 'workflowId' | 'firstRunId'>;

/** A countdown as annotations and the Lease name it. */
export const countdownKey = ({ workflowId, firstRunId }: Identity): string => `${workflowId}/${firstRunId}`;

/** The operation of an entry's effect. */
export const operationOf = ({ id, generation }: UndoEntry, countdown: Identity): Operation => ({
  id,
  countdown: countdownKey(countdown),
  generation,
});

/** A restore is an operation of its own, so that a launch still under way meets another one and is refused. */
export const restoreOf = (operation: Operation): Operation => ({ ...operation, id: restoreIdOf(operation.id) });

/** An effect over JSON of any shape: `before` and `wanted` that do not fit are refused (`Refused`, non-retryable) in one sentence. */
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
    `${[name, ...(issue?.path ?? [])].join('.')} does not have the shape this version writes (${issue?.message ?? 'unknown shape'}); nothing was written`,
  );
}
