// Reports what the countdown does to the outside: search attributes, current details, audit file, chat.
import type { Phase } from '../verdict/can.ts';
import {
  CancellationScope,
  condition,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { patient } from './activity-options.ts';
import { applyChange, type Change } from './change.ts';
import { current, heldUntilMs, oldestHold, specOf, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { attribute } from './messages.ts';

const { storeAudit, notify } = proxyActivities<BookkeepingActivities>(patient);

/** Records of one write: with their longest details 500 stay below the 2 MiB a payload may have. */
const RECORDS_AT_ONCE = 500;

/** Changes the phase, where lists and the Temporal page can see it. One event, and only when something changed. */
export function enterPhase(state: CountdownState, phase: Phase): void {
  if (state.phase === phase) return;
  applyChange(state, { quiet: { phase } });
  const checkpoint = current(state);
  const { metadata, spec } = state.input.release;
  upsertSearchAttributes([
    { key: attribute.release, value: metadata.name },
    { key: attribute.service, value: `${spec.service.namespace}/${spec.service.deployment}` },
    { key: attribute.phase, value: phase },
    { key: attribute.verdict, value: verdictOf(state) },
    ...(phase === 'ended' && state.decidedEnding !== null ? [{ key: attribute.ending, value: state.decidedEnding }] : []),
    { key: attribute.launchAt, value: new Date(state.launchAtMs) },
    { key: attribute.nextCheckpointAt, value: new Date(checkpoint.atMs) },
  ]);
  setCurrentDetails(`**${phase}** at ${checkpoint.offset} ${checkpoint.name}${state.message ? `\n\n${state.message}` : ''}`);
}

/** The verdict of the countdown as a whole: its ending, or that of the checkpoint it is at. */
export function verdictOf(state: CountdownState): 'go' | 'hold' | 'no-go' {
  if (state.decidedEnding !== null) return state.decidedEnding === 'launched' || state.decidedEnding === 'passed' ? 'go' : 'no-go';
  if (oldestHold(state)) return 'hold';
  return current(state).evaluation?.verdict ?? 'go';
}

/** Sends one message per transition to each target. A message that is not delivered becomes a condition and an audit record; it stops nothing. */
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
    at: iso(Date.now()),
    rehearsal: state.input.rehearsal,
    launchAt: iso(state.launchAtMs),
    ...asked(state, checkpoint),
  };
  // Each by itself: one who cannot be reached keeps nothing from the others.
  for (const target of spec.notify)
    inBackground(state, async () => {
      const failed = await notify({ ...announcement, targets: [target] }).catch((error: unknown) => [
        { target, message: failureMessage(error) },
      ]);
      applyChange(state, changeByDelivery(state, target, failed));
    });
}

/** What the result of one message changes. Who gets a later message is up to date; what others get says nothing of that. */
export const changeByDelivery = ({ undelivered }: CountdownState, target: string, failed: CountdownState['undelivered']): Change => ({
  state: { undelivered: [...undelivered.filter((each) => each.target !== target), ...failed] },
  audit: failed.map(({ message: detail }) => ({ actor: 'tminus', action: 'notify.failed', object: target, detail })),
});

/** Who is waited for, until when, and what they would type. */
function asked(state: CountdownState, checkpoint: CheckpointState): { waitsFor?: string[]; deadlineAt?: string; command?: string } {
  const { approval } = specOf(state.input, checkpoint.name);
  const { name } = state.input.release.metadata;
  if (state.decidedEnding !== null) return { command: `tminus explain ${name}` };
  if (state.phase === 'waiting' && approval)
    return {
      waitsFor: [...approval.groups],
      ...(checkpoint.approvalDeadlineMs === undefined ? {} : { deadlineAt: iso(checkpoint.approvalDeadlineMs) }),
      command: `tminus approve ${name} -m "…"`,
    };
  const hold = oldestHold(state);
  const holdDeadlineMs = hold ? heldUntilMs(state, checkpoint, hold) : checkpoint.holdDeadlineMs;
  const deadlineMs = state.phase === 'stopped' ? checkpoint.stopDeadlineMs : holdDeadlineMs;
  return { ...(deadlineMs === undefined ? {} : { deadlineAt: iso(deadlineMs) }), command: `tminus explain ${name}` };
}

/**
 * Brings the audit file up to the chain in memory, beside whatever else goes on: a disk that is full stops neither a rollback nor a person.
 * One write at a time, for two would append the same records twice.
 */
export function storeAuditSoon(state: CountdownState): void {
  const { name } = state.input.release.metadata;
  if (state.isStoringAudit || state.auditStored >= state.audit.length) return;
  applyChange(state, { state: { isStoringAudit: true } });
  inBackground(state, async () => {
    try {
      while (state.auditStored < state.audit.length) {
        const records = state.audit.slice(state.auditStored, state.auditStored + RECORDS_AT_ONCE);
        await storeAudit(name, workflowInfo().firstExecutionRunId, records);
        applyChange(state, { quiet: { auditStored: state.auditStored + records.length } });
      }
    } catch (error) {
      // The chain itself stands in the countdown; that its file lacks the tail is recorded in it.
      applyChange(state, { audit: [{ actor: 'tminus', action: 'audit.not-stored', object: name, detail: failureMessage(error) }] });
    } finally {
      applyChange(state, { state: { isStoringAudit: false } });
    }
  });
}

/** Waits until no message and no write is under way, at most for `timeout`. */
export async function settled(state: CountdownState, timeout: '1m' | '24h'): Promise<boolean> {
  return condition(() => state.backgroundTasks === 0, timeout, { summary: 'pending notifications and audit writes' });
}

function inBackground(state: CountdownState, work: () => Promise<void>): void {
  applyChange(state, { state: { backgroundTasks: state.backgroundTasks + 1 } });
  void CancellationScope.nonCancellable(async () => {
    await work();
    applyChange(state, { state: { backgroundTasks: state.backgroundTasks - 1 } });
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();
