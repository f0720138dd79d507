// Messages of a countdown and their answers: types for workflows, activities, server and CLI.
import type { CountdownStatus } from '../verdict/countdown-status.ts';
import type { SignedAction } from '../verdict/signed.ts';
import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Phase } from '../verdict/can.ts';
import type { Principal } from '../verdict/verdict.ts';
import type { AuditRecord } from '../verdict/audit-chain.ts';
import type { CountdownRef, UndoEntry } from '../verdict/undo.ts';

/** Workflow type and task queue of countdowns. */
export const COUNTDOWN_TYPE = 'countdown';
export const WORKFLOW_TASK_QUEUE = 'tminus';
export const LOAD_TASK_QUEUE = 'tminus.load';
/** Queue of the workers that stand near a cluster. */
export const clusterTaskQueue = (cluster: string): string => `tminus.${cluster}`;

/** What lists read of a countdown without a worker. workers/namespace.ts registers them. */
export const attribute = {
  release: defineSearchAttributeKey('TminusRelease', 'KEYWORD'),
  service: defineSearchAttributeKey('TminusService', 'KEYWORD'),
  phase: defineSearchAttributeKey('TminusPhase', 'KEYWORD'),
  verdict: defineSearchAttributeKey('TminusVerdict', 'KEYWORD'),
  ending: defineSearchAttributeKey('TminusEnding', 'KEYWORD'),
  launchAt: defineSearchAttributeKey('TminusLaunchAt', 'DATETIME'),
  nextCheckpointAt: defineSearchAttributeKey('TminusNextCheckpointAt', 'DATETIME'),
};

/** The response to an accepted action. */
export interface ActionResult {
  ok: true;
  message: string;
  phase: Phase;
  revision: number;
}

/** A step's activity registers the way back of an effect before the effect happens. Update id: the undo's own. */
export const registerUndoUpdate = defineUpdate<void, [UndoEntry]>('registerUndo');

/**
 * What the restorer is sent before an effect. The senders (activities/effects/undo-messages.ts) import nothing of this file; a test holds the names
 * together.
 */
export interface RestorerRegistration {
  entry: UndoEntry;
  countdown: CountdownRef;
  /** Dead man's switch, milliseconds since 1970 by a worker's clock; null where there is none. */
  dueAtMs: number | null;
}
export const restorerRegisterUpdate = defineUpdate<void, [RestorerRegistration]>('registerUndo');
export const restorerSettleUpdate = defineUpdate<void, [{ id: string }]>('settleUndo');

export const openUpdate = defineUpdate<{ release: string; launchAt: string; checkpoints: { name: string; at: string }[] }>('open');
export const actionUpdate = defineUpdate<ActionResult, [SignedAction]>('action');
export const holdSignal = defineSignal<[{ reason: string; by: Principal }]>('hold');
/** Who aborts and why; sent just before the cancellation that ends the countdown. */
export const abortSignal = defineSignal<[{ reason: string; by: Principal }]>('abort');
/** For tools that can only signal: counts as an unverified principal, and only where the release says `allowUnverified: true`. */
export const approveSignal = defineSignal<[{ checkpoint: string; by: string; comment: string }]>('approve');
export const statusQuery = defineQuery<CountdownStatus>('status');
export const planQuery = defineQuery<{ launchAt: string; checkpoints: { name: string; offset: string; at: string }[] }>('plan');
export const auditQuery = defineQuery<AuditRecord[]>('audit');
