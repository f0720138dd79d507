// Tells the outside what the countdown does: search attributes, current details, audit file, chat.
import { defineSearchAttributeKey } from '@temporalio/common';
import { CancellationScope, proxyActivities, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { patient } from './activity-options.ts';
import { current, record, type CheckpointState, type CountdownState } from './countdown-state.ts';
import type { Phase } from './messages.ts';

const { storeAudit, notify } = proxyActivities<BookkeepingActivities>(patient);

const attribute = {
  release: defineSearchAttributeKey('TminusRelease', 'KEYWORD'),
  service: defineSearchAttributeKey('TminusService', 'KEYWORD'),
  phase: defineSearchAttributeKey('TminusPhase', 'KEYWORD'),
  verdict: defineSearchAttributeKey('TminusVerdict', 'KEYWORD'),
  launchAt: defineSearchAttributeKey('TminusLaunchAt', 'DATETIME'),
  nextCheckpointAt: defineSearchAttributeKey('TminusNextCheckpointAt', 'DATETIME'),
};

/** Changes the phase, where lists and the Temporal page can see it. One event, and only when something changed. */
export async function enterPhase(state: CountdownState, phase: Phase): Promise<void> {
  if (state.phase === phase) return;
  state.phase = phase;
  const checkpoint = current(state);
  const { metadata, spec } = state.input.release;
  upsertSearchAttributes([
    { key: attribute.release, value: metadata.name },
    { key: attribute.service, value: `${spec.service.namespace}/${spec.service.deployment}` },
    { key: attribute.phase, value: phase },
    { key: attribute.verdict, value: verdictOf(state) },
    { key: attribute.launchAt, value: new Date(state.launchAtMs) },
    { key: attribute.nextCheckpointAt, value: new Date(checkpoint.atMs) },
  ]);
  setCurrentDetails(`**${phase}** at ${checkpoint.offset} ${checkpoint.name}${state.sentence ? `\n\n${state.sentence}` : ''}`);
}

/** The verdict of the countdown as a whole: its ending, or that of the checkpoint it is at. */
export function verdictOf(state: CountdownState): 'go' | 'hold' | 'no-go' {
  if (state.ending !== null) return state.ending === 'launched' ? 'go' : 'no-go';
  if (state.hold) return 'hold';
  return current(state).evaluation?.verdict ?? 'go';
}

/** Sends one message per transition. People who cannot be told are a line in the audit, never a reason to stop. */
export function announce(state: CountdownState, checkpoint: CheckpointState, verdict: 'go' | 'hold' | 'no-go', message: string): void {
  const { metadata, spec } = state.input.release;
  if (spec.notify.length === 0) return;
  const announcement = {
    key: `${metadata.name}/${workflowInfo().runId}/${state.audit.length}`,
    release: metadata.name,
    service: `${spec.service.namespace}/${spec.service.deployment}`,
    checkpoint: checkpoint.name,
    verdict,
    message,
    at: new Date(Date.now()).toISOString(),
    rehearsal: state.input.rehearsal,
    targets: spec.notify,
  };
  state.telling += 1;
  void CancellationScope.nonCancellable(async () => {
    const failed = await notify(announcement).catch((error: unknown) => spec.notify.map((target) => ({ target, sentence: String(error) })));
    for (const { target, sentence } of failed) record(state, Date.now(), 'tminus', 'notify.failed', target, sentence);
    state.telling -= 1;
    state.version += 1;
  });
}

/** Brings the audit file up to the chain in memory. Called where losing the file's tail would matter: at waits and at the end. */
export async function flushAudit(state: CountdownState): Promise<void> {
  const records = state.audit.slice(state.auditStored);
  if (records.length === 0) return;
  const upTo = state.audit.length;
  await CancellationScope.nonCancellable(() => storeAudit(state.input.release.metadata.name, workflowInfo().firstExecutionRunId, records));
  state.auditStored = Math.max(state.auditStored, upTo);
}
