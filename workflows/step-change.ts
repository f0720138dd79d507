// What the end of a round of a step changes in the countdown. Pure: run-step.ts applies the change.
import type { StepStatus } from '../verdict/countdown-status.ts';
import { inconclusive, type Finding } from '../verdict/finding.ts';
import { judged, type AuditEntry, type Change } from './change.ts';
import type { CheckpointState, CountdownState } from './countdown-state.ts';
import type { StepResult } from './step.ts';
import { isLive } from './undo-stack.ts';
import { hasFailedLive } from './watch-live.ts';

/**
 * What the step found enters the checkpoint. A step that could not run (`ended` is the reason), or ran without findings, is inconclusive, never a
 * pass.
 */
export function changeByEnd(
  state: CountdownState,
  checkpoint: CheckpointState,
  status: StepStatus,
  ended: StepResult | string,
  nowMs: number,
): Change {
  const { name } = status;
  if (typeof ended === 'string')
    return finish(state, checkpoint, status, { steps: [{ name, state: 'failed-to-run', findings: [couldNotRun(name, ended)] }] }, nowMs);
  // Also of a step that did not begin: it may have taken back what it had registered.
  const left = leftBy(state, ended);
  if (ended.notBegun) return notBegun(checkpoint, name, left);
  return finish(state, checkpoint, status, { state: left, steps: [{ name, ...found(name, ended) }] }, nowMs);
}

function finish(state: CountdownState, checkpoint: CheckpointState, { name, type }: StepStatus, end: Change, nowMs: number): Change {
  const finishedAt = new Date(nowMs).toISOString();
  const steps = (end.steps ?? []).map((step) => ({ ...step, finishedAt }));
  const findings = steps.flatMap((step) => step.findings ?? []);
  const pending = checkpoint.pending.filter((each) => each !== name);
  const watch = type === 'launch' ? { watch: { unseenSinceMs: unseenSince(state, end.state?.undo ?? state.undo, findings, nowMs) } } : {};
  const change = judged(state, checkpoint, { ...end, ...watch, steps, checkpoint: { pending } }, nowMs);
  const { verdict, reasons } = change.checkpoint.evaluation;
  return { ...change, audit: [stepFinished(checkpoint, name, reasons.map(({ message }) => message).join('; ') || verdict)] };
}

/** From the first launch that failed to run until one did: each of its tries must not begin `liveDeadline` anew. */
function unseenSince({ watch }: CountdownState, undo: CountdownState['undo'], findings: readonly Finding[], nowMs: number): number | null {
  const isUnseen = isLive(undo) && findings.some(({ code }) => code === 'StepCouldNotRun');
  return isUnseen ? (watch.unseenSinceMs ?? nowMs) : null;
}

/** What later steps and the guard need of it. */
function leftBy(state: CountdownState, { settled = [], imageIds, launchedAt, failedAt }: StepResult): NonNullable<Change['state']> {
  const undo = state.undo.filter(({ id }) => !settled.includes(id));
  return {
    undo,
    ...(imageIds ? { testedImageIds: [...new Set([...(state.testedImageIds ?? []), ...imageIds])].sort() } : {}),
    // The first write is the one that changed what serves: a launch that is watched again writes nothing.
    ...(launchedAt ? { launchedAt: state.launchedAt ?? launchedAt } : {}),
    // A breach that the guard has found meanwhile is what a rollback is timed from.
    ...(hasFailedLive({ ...state, undo }) ? {} : { failedAt: failedAt ?? null }),
  };
}

/** What a step that ended by itself found. */
function found(name: string, { findings, facts, evidence, couldNotRun: why }: StepResult): Partial<StepStatus> {
  if (why !== undefined) return { state: 'failed-to-run', findings: [...findings, couldNotRun(name, why)], facts, evidence };
  return { state: 'done', findings: findings.length > 0 ? findings : [silent(name)], facts, evidence };
}

/** It stays to be run, and nothing was found: why it did not begin, the checkpoint finds for itself. */
const notBegun = (checkpoint: CheckpointState, name: string, left: NonNullable<Change['state']>): Change => ({
  state: left,
  steps: [{ name, state: 'later' }],
  audit: [stepFinished(checkpoint, name, 'not started: the launch window had closed')],
});

const stepFinished = ({ name: checkpoint }: CheckpointState, name: string, detail: string): AuditEntry => ({
  actor: 'tminus',
  action: 'step.finished',
  object: `${checkpoint}/${name}`,
  detail,
});

const couldNotRun = (step: string, why: string): Finding => inconclusive('StepCouldNotRun', step, `step ${step} could not run: ${why}`);

const silent = (step: string): Finding => inconclusive('StepFoundNothing', step, `step ${step} completed without findings`);
