// What a report of the guard, or a failure of its activity, changes in the countdown. Pure: watch-live.ts applies the change.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import type { GuardCarry, GuardReport } from '../activities/steps-contract.ts';
import type { GuardStep } from '../release/steps/registry.ts';
import type { StepStatus } from '../verdict/countdown-status.ts';
import { inconclusive, type Finding } from '../verdict/finding.ts';
import { duration } from '../verdict/wording/index.ts';
import { judged, newRound, type Change } from './change.ts';
import type { CheckpointState, CountdownState, Watch } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';

/** What a failed activity hides at most: the heartbeat time-out, or the minute within which no worker took it up. */
const UNSEEN_BEFORE_FAILURE_MS = 66_000;

/** The guard of the plan, with its checkpoint and its state. */
export interface Guarded {
  checkpoint: CheckpointState;
  spec: GuardStep;
  status: StepStatus;
}

/** Changes the watch and the guard's checkpoint. */
export interface GuardChange extends Change {
  /** Entering a hold notifies people; where the countdown holds already, only this does. */
  announcement?: string;
}

type Found = Pick<GuardReport, 'findings' | 'facts' | 'evidence'>;

export function changeByReport(state: CountdownState, guard: Guarded, report: GuardReport, nowMs: number): GuardChange {
  const { checkpoint, spec } = guard;
  const seeing = { failures: 0, blindReported: false, blindSinceMs: null };
  switch (report.outcome) {
    case 'blind': {
      const watch = { failures: 0, carry: report.carry, blindReported: true, blindSinceMs: nowMs - report.blindMs };
      return goBlind(state, guard, report, watch, nowMs);
    }
    case 'recovered': {
      const change = { watch: { ...seeing, carry: report.carry }, steps: [{ name: spec.name, findings: [] }] };
      return judgedAs(state, guard, change, { action: 'guard.recovered', detail: 'samples are complete again' }, nowMs);
    }
    case 'passed':
    case 'undecided': {
      const change = { watch: { ...seeing, carry: null } };
      // Where the guard has passed and people still hold or wait, another pass changes nothing, and indecision neither: a breach would.
      return checkpoint.pending.includes(spec.name) ? finish(state, guard, report, change, nowMs) : change;
    }
    case 'breach': {
      const change = { watch: { ...seeing, carry: null }, state: { failedAt: report.failedAt ?? null } };
      return finish(state, guard, report, change, nowMs);
    }
  }
}

/** The activity itself failed, or no worker took it up: nothing is seen, and after `liveDeadline` that is a breach. */
export function changeByFailure(
  state: CountdownState,
  guard: Guarded,
  error: unknown,
  { askedAtMs, nowMs }: { askedAtMs: number; nowMs: number },
): GuardChange {
  const { blindReported, blindSinceMs: earlierMs, carry, failures } = state.watch;
  const { noDataAfterMs, liveDeadlineMs } = guard.spec;
  // One that went on for longer has seen meanwhile: else it would have reported that it is blind.
  const hasSeen = !blindReported && nowMs - askedAtMs > noDataAfterMs + UNSEEN_BEFORE_FAILURE_MS;
  const blindSinceMs = (hasSeen ? null : earlierMs) ?? Math.max(askedAtMs, nowMs - UNSEEN_BEFORE_FAILURE_MS);
  const blindMs = nowMs - blindSinceMs;
  const watch = { blindSinceMs, carry: carryOf(error) ?? carry, failures: failures + 1 };
  const message = `the guard took no samples for ${duration(1_000 * seconds(blindMs))}: ${failureMessage(error)}`;
  if (blindMs >= liveDeadlineMs) {
    const breach: Finding = { ...unseen(guard, message, blindMs, liveDeadlineMs), code: 'GuardBlindTooLong', outcome: 'fail' };
    return finish(state, guard, { findings: [breach], facts: [], evidence: [] }, { watch }, nowMs, 'failed-to-run');
  }
  if (blindReported || blindMs < noDataAfterMs) return { watch };
  const found = { findings: [unseen(guard, message, blindMs, noDataAfterMs)], facts: [], evidence: [] };
  return goBlind(state, guard, found, { ...watch, blindReported: true }, nowMs);
}

/** Blind is a hold that ends by itself: the step has to pass (again), and its watch goes on. */
function goBlind(state: CountdownState, guard: Guarded, found: Found, watch: Partial<Watch>, nowMs: number): GuardChange {
  const { checkpoint, spec, status } = guard;
  const { findings, facts, evidence } = found;
  const isPending = checkpoint.pending.includes(spec.name);
  const round = isPending || status.state === 'running' ? null : newRound(checkpoint, status, nowMs);
  const change: Change = {
    watch,
    ...(isPending ? {} : { checkpoint: { pending: [...checkpoint.pending, spec.name] } }),
    steps: [{ ...round?.step, name: spec.name, findings, facts, evidence }],
    ...(round ? { audit: [round.entry] } : {}),
  };
  const detail = messagesOf(findings);
  return {
    ...judgedAs(state, guard, change, { action: 'guard.blind', detail }, nowMs),
    ...(state.phase === 'holding' ? { announcement: detail } : {}),
  };
}

function finish(
  state: CountdownState,
  guard: Guarded,
  { findings, facts, evidence }: Found,
  change: Change,
  nowMs: number,
  how: 'done' | 'failed-to-run' = 'done',
): Change {
  const { checkpoint, spec } = guard;
  const finishedAt = new Date(nowMs).toISOString();
  const finished = {
    ...change,
    checkpoint: { pending: checkpoint.pending.filter((name) => name !== spec.name) },
    steps: [{ name: spec.name, state: how, findings, facts, evidence, finishedAt }],
  };
  return judgedAs(state, guard, finished, { action: 'step.finished', detail: messagesOf(findings) }, nowMs);
}

/** The change, with its checkpoint judged after it, and a line in the audit. */
function judgedAs(
  state: CountdownState,
  { checkpoint, spec }: Guarded,
  change: Change,
  { action, detail }: { action: string; detail: string },
  nowMs: number,
): Change {
  const entry = { actor: 'tminus', action, object: `${checkpoint.name}/${spec.name}`, detail };
  return { ...judged(state, checkpoint, change, nowMs), audit: [...(change.audit ?? []), entry] };
}

/** A worker that died left where it was in its last heartbeat; one that could still report a failure, in that. */
function carryOf(error: unknown): GuardCarry | null {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  const details: unknown =
    cause instanceof TimeoutFailure ? cause.lastHeartbeatDetails : cause instanceof ApplicationFailure ? cause.details?.[0] : null;
  const found = typeof details === 'object' && details !== null && 'carry' in details ? details.carry : null;
  return found as GuardCarry | null;
}

const messagesOf = (findings: readonly Finding[]): string => findings.map(({ message }) => message).join('; ');

const seconds = (ms: number): number => Math.round(ms / 1_000);

const unseen = ({ spec }: Guarded, message: string, blindMs: number, limitMs: number): Finding =>
  inconclusive('GuardNoData', spec.name, message, { measured: seconds(blindMs), limit: seconds(limitMs), unit: 's' });
