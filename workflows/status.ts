// What a countdown shows of itself. Derived, never stored.
import { workflowInfo } from '@temporalio/workflow';
import { verdictOf } from './announce.ts';
import { current, heldBy, specOf, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { EMPTY_CHAIN } from '../verdict/audit-chain.ts';
import { time } from '../verdict/wording/index.ts';
import type { CheckpointStatus, Condition, CountdownStatus, Ending } from '../verdict/countdown-status.ts';

export function countdownStatus(state: CountdownState): CountdownStatus {
  const { release, rehearsal, requestedBy } = state.input;
  const { service, cluster } = release.spec;
  const head = state.audit.at(-1) ?? EMPTY_CHAIN;
  return {
    release: release.metadata.name,
    run: workflowInfo().firstExecutionRunId,
    service: { name: service.name, namespace: service.namespace, cluster, image: service.image },
    rehearsal,
    requestedBy,
    phase: state.phase,
    verdict: verdictOf(state),
    message: statusMessage(state),
    reasons: current(state).evaluation?.reasons ?? [],
    ...(endingOf(state) === null ? {} : { ending: endingOf(state) as Ending }),
    now: iso(Date.now()),
    startedAt: iso(state.startedAtMs),
    ...(state.endedAtMs === null ? {} : { endedAt: iso(state.endedAtMs) }),
    launchAt: iso(state.launchAtMs),
    heldMs: state.heldMs,
    holds: state.holds.map(({ sinceMs, by, reason }) => ({ since: iso(sinceMs), by, reason })),
    ...(state.holds.length === 0 ? {} : { holdSince: iso(Math.max(...state.holds.map(({ sinceMs }) => sinceMs))) }),
    current: current(state).name,
    checkpoints: state.checkpoints.map((checkpoint, index) => checkpointStatus(state, checkpoint, index)),
    conditions: conditions(state),
    auditHead: { seq: head.seq, hash: head.hash },
    historyEvents: workflowInfo().historyLength,
  };
}

/** Shown only once everything that follows from it is done. */
const endingOf = ({ phase, decidedEnding }: CountdownState): Ending | null => (phase === 'ended' ? decidedEnding : null);

function statusMessage(state: CountdownState): string {
  if (state.phase === 'undoing') return `rolling back: ${state.message}`;
  if (state.decidedEnding !== null) return state.message;
  if (state.holds.length > 0) return state.holds.map(heldBy).join('; ');
  const { offset, name, atMs, evaluation } = current(state);
  switch (state.phase) {
    case 'opening':
      return 'acquiring the service lock';
    case 'counting':
      return `counting to ${offset} ${name} at ${time(atMs)}`;
    case 'running':
      return `running the steps of ${offset} ${name}`;
    case 'waiting':
    case 'holding':
    case 'stopped':
    case 'ended':
      return (
        evaluation?.reasons
          .filter(({ effect }) => effect === evaluation.verdict)
          .map(({ message }) => message)
          .join('; ') ?? state.phase
      );
  }
}

function checkpointStatus(state: CountdownState, checkpoint: CheckpointState, index: number): CheckpointStatus {
  const { approval } = specOf(state.input, checkpoint.name);
  return {
    name: checkpoint.name,
    offset: checkpoint.offset,
    at: iso(checkpoint.atMs),
    state: checkpointWord(state, checkpoint, index),
    revision: checkpoint.revision,
    evidenceDigest: checkpoint.evidenceDigest,
    steps: checkpoint.steps,
    approvals: checkpoint.approvals,
    ...(approval
      ? {
          approval: {
            groups: approval.groups,
            count: approval.count,
            allowRequester: approval.allowRequester,
            onDeadline: approval.onDeadline,
            ...(checkpoint.approvalDeadlineMs === undefined ? {} : { deadlineAt: iso(checkpoint.approvalDeadlineMs) }),
          },
        }
      : {}),
    waivers: checkpoint.waivers.map(({ finding, reason, by, expiresAtMs }) => ({ finding, reason, by, expiresAt: iso(expiresAtMs) })),
    ...(checkpoint.evaluation ? { evaluation: checkpoint.evaluation } : {}),
  };
}

function checkpointWord(state: CountdownState, { passed, evaluation }: CheckpointState, index: number): CheckpointStatus['state'] {
  if (passed) return 'go';
  if (index !== state.cursor || state.phase === 'counting' || state.phase === 'opening') return 'later';
  if (state.phase === 'running') return 'running';
  if (state.phase === 'waiting') return 'waiting';
  if (state.phase === 'holding') return 'hold';
  return state.decidedEnding === 'launched' || state.decidedEnding === 'passed' ? 'go' : evaluation?.verdict === 'hold' ? 'hold' : 'no-go';
}

function conditions(state: CountdownState): Condition[] {
  const at = (actions: string[]) => [...state.audit].reverse().find(({ action }) => actions.includes(action))?.at;
  const started = iso(state.startedAtMs);
  const condition = (type: Condition['type'], holds: boolean, reason: string, message: string, since?: string): Condition => ({
    type,
    status: holds ? 'True' : 'False',
    reason,
    message,
    lastTransitionTime: since ?? started,
  });
  const ending = endingOf(state);
  const rolledBack = rollback(state);
  const held = state.phase === 'holding' || state.phase === 'stopped';
  return [
    condition(
      'LockHeld',
      state.phase !== 'opening' && ending === null,
      state.phase === 'opening' ? 'Opening' : ending === null ? 'Acquired' : 'Released',
      'one countdown per service at a time',
      at(['countdown.started']),
    ),
    condition(
      'Holding',
      held,
      held ? (state.holds.length > 0 ? 'HeldByPerson' : 'Verdict') : 'NotHeld',
      held ? statusMessage(state) : 'the countdown is not held',
      at(['hold.accepted', 'checkpoint.holding', 'checkpoint.stopped', 'resume.accepted']),
    ),
    condition(
      'CheckpointReached',
      state.phase !== 'counting' && state.phase !== 'opening',
      current(state).offset,
      current(state).name,
      at(['checkpoint.reached']),
    ),
    condition(
      'NotificationsDelivered',
      state.undelivered.length === 0,
      state.undelivered.length === 0 ? 'Delivered' : 'Failed',
      state.undelivered.length === 0
        ? 'all notifications delivered'
        : `notification failed: ${state.undelivered.map(({ target, message: why }) => `${target}: ${why}`).join('; ')}`,
      at(['notify.failed']),
    ),
    condition(
      'Launched',
      ending === 'launched',
      ending === 'launched' ? 'GuardPassed' : 'NotYet',
      ending === 'launched' ? state.message : 'the candidate has not passed the guard',
      at(['countdown.launched']),
    ),
    condition(
      'RolledBack',
      rolledBack.reason === 'Undone',
      rolledBack.reason,
      rolledBack.message,
      at(['undo.started', 'undo.done', 'undo.left-alone', 'undo.incomplete']),
    ),
    condition(
      'Ended',
      ending !== null,
      ending ?? 'Running',
      (ending === null ? '' : state.message) || 'the countdown is running',
      state.endedAtMs === null ? undefined : iso(state.endedAtMs),
    ),
  ];
}

/** By what was undone, whatever the ending is called: an abort after the launch rolls back, too. */
function rollback(state: CountdownState): Pick<Condition, 'reason' | 'message'> {
  if (state.phase === 'undoing') return { reason: 'Undoing', message: statusMessage(state) };
  const undone = state.audit.filter(({ action }) => action === 'undo.done');
  if (state.decidedEnding === 'undo-incomplete') return { reason: 'Incomplete', message: state.message };
  return undone.length === 0
    ? { reason: 'NothingUndone', message: 'nothing was rolled back' }
    : { reason: 'Undone', message: undone.map(({ object }) => object).join('; ') };
}

const iso = (ms: number): string => new Date(ms).toISOString();
