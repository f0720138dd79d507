// Never live and unwatched: from the time an effect is live until it is settled, the guard takes samples. A hold, a wait for people or a
// verdict stops the clock, never this. It runs beside the story and only changes state; the story acts on it.
import type { StepStatus } from '../verdict/countdown-status.ts';
import { ActivityFailure, ApplicationFailure, CancellationScope, TimeoutFailure, condition, proxyActivities } from '@temporalio/workflow';
import type { GuardCarry, GuardReport, StepActivities } from '../activities/steps-contract.ts';
import type { GuardStep } from '../release/steps/registry.ts';
import { inconclusive, type Finding } from '../verdict/finding.ts';
import { duration } from '../verdict/wording/index.ts';
import { guarding } from './activity-options.ts';
import { announce } from './announce.ts';
import { beginRound, evaluate, record } from './change.ts';
import { current, planned, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { clusterTaskQueue } from './messages.ts';
import { productionOf } from './step.ts';
import { isLive } from './undo-stack.ts';

/** A guard whose worker died is asked again after this; doubled for each failure in a row, so that 15 minutes of it cost under 40 attempts. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
/** What a failed activity hides at most: the heartbeat time-out, or the minute within which no worker took it up. */
const UNSEEN_BEFORE_FAILURE_MS = 66_000;
// Covers no release: a pass only begins the next pass (withoutEnd), so the length only bounds how much evidence one pass holds.
const STANDING_BAKE_MS = 3_600_000;
/** A watch of an hour that is over sooner than this has not watched. */
const MIN_STANDING_MS = 5_000;

type Found = Pick<GuardReport, 'findings' | 'facts' | 'evidence'>;

interface Guarded {
  checkpoint: CheckpointState;
  spec: GuardStep;
  status: StepStatus;
}

/** Watches for as long as the countdown runs. Ends by cancellation only. */
export async function watchWhileLive(state: CountdownState): Promise<never> {
  for (;;) {
    await condition(() => isDue(state));
    const guard = planned(state, 'guard');
    if (!guard) throw new Error('a plan that launches has a guard: countdown.open refuses any other');
    await watchOnce(state, guard);
  }
}

/** While the launch itself watches its rollout, that is the watch; one that has failed at it once is watched from beside. */
function isDue(state: CountdownState): boolean {
  if (!isLive(state.undo) || state.decidedEnding !== null) return false;
  return state.watch.unseenSinceMs !== null || planned(state, 'launch')?.status.state !== 'running';
}

/** What is live has failed, by the guard or by a person: whatever else runs has to make way for the rollback. */
export function hasFailedLive(state: CountdownState): boolean {
  return state.decidedEnding === null && isLive(state.undo) && current(state).evaluation?.verdict === 'no-go';
}

/** Marks the guard as running where it has to run (again). A watch that is under way already counts from its own beginning. */
export function beginGuard(state: CountdownState, { checkpoint, spec, status }: Guarded): void {
  if (!checkpoint.pending.includes(spec.name) || status.state === 'running') return;
  beginRound(state, checkpoint, status);
}

async function watchOnce(state: CountdownState, guard: Guarded): Promise<void> {
  beginGuard(state, guard);
  const asked = new CancellationScope();
  // A guard that has passed goes on; as soon as it has to pass again, what runs without an end gives way to a bake from the beginning.
  const standing = !guard.checkpoint.pending.includes(guard.spec.name);
  if (standing)
    void condition(() => guard.checkpoint.pending.includes(guard.spec.name)).then(
      () => asked.cancel(),
      () => undefined,
    );
  const askedAtMs = Date.now();
  try {
    const report = await asked.run(() => ask(state, standing ? withoutEnd(guard.spec) : guard.spec));
    state.watch.failures = 0;
    take(state, guard, report);
    // Never in a hot loop, whatever a guard answers: each turn is a dozen events of history.
    if (standing && Date.now() - askedAtMs < MIN_STANDING_MS)
      await condition(() => !isDue(state), MIN_STANDING_MS, { summary: 'the guard is started again' });
  } catch (error) {
    // An activity may also end as cancelled because its worker did, and that ends no watch.
    if (CancellationScope.current().consideredCancelled) throw error;
    if (asked.consideredCancelled) return;
    takeFailure(state, guard, error, askedAtMs);
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** state.watch.failures);
    state.watch.failures += 1;
    await condition(() => !isDue(state), pauseMs, { summary: 'the guard is started again' });
  }
}

function ask({ input: { release }, launchedAt, watch }: CountdownState, step: GuardStep): Promise<GuardReport> {
  const { runGuard } = proxyActivities<StepActivities>({
    ...guarding(step.maxBakeMs + step.liveDeadlineMs),
    taskQueue: clusterTaskQueue(release.spec.cluster),
  });
  const { health, image } = release.spec.service;
  return runGuard({
    step,
    production: productionOf(release),
    image,
    healthTarget: health.target,
    healthPath: health.path,
    launchedAt,
    carry: watch.carry,
    blindReported: watch.blindReported,
  });
}

/** The watch beside a hold: an hour per activity, so that a day of it costs two dozen of them, however short the bake is. */
const withoutEnd = (step: GuardStep): GuardStep => ({ ...step, bakeMs: STANDING_BAKE_MS, maxBakeMs: STANDING_BAKE_MS });

function take(state: CountdownState, guard: Guarded, report: GuardReport): void {
  const { watch } = state;
  switch (report.outcome) {
    case 'blind':
      Object.assign(watch, { carry: report.carry, blindReported: true, blindSinceMs: Date.now() - report.blindMs });
      return goBlind(state, guard, report);
    case 'recovered':
      Object.assign(watch, { carry: report.carry, blindReported: false, blindSinceMs: null });
      Object.assign(guard.status, { findings: [] });
      return judged(state, guard, 'guard.recovered', 'samples are complete again');
    case 'passed':
    case 'undecided':
      Object.assign(watch, { carry: null, blindReported: false, blindSinceMs: null });
      // Where the guard has passed and people still hold or wait, another pass changes nothing, and indecision neither: a breach would.
      return guard.checkpoint.pending.includes(guard.spec.name) ? finish(state, guard, report) : undefined;
    case 'breach':
      Object.assign(watch, { carry: null, blindReported: false, blindSinceMs: null });
      state.failedAt = report.failedAt ?? null;
      return finish(state, guard, report);
  }
}

/** The activity itself failed, or no worker took it up: nothing is seen, and after `liveDeadline` that is a breach. */
function takeFailure(state: CountdownState, guard: Guarded, error: unknown, askedAtMs: number): void {
  const { watch } = state;
  const now = Date.now();
  const noDataAfterMs = guard.spec.noDataAfterMs;
  // One that went on for longer has seen meanwhile: else it would have reported that it is blind.
  if (!watch.blindReported && now - askedAtMs > noDataAfterMs + UNSEEN_BEFORE_FAILURE_MS) watch.blindSinceMs = null;
  watch.blindSinceMs ??= Math.max(askedAtMs, now - UNSEEN_BEFORE_FAILURE_MS);
  watch.carry = carryOf(error) ?? watch.carry;
  const limitMs = guard.spec.liveDeadlineMs;
  const blindMs = now - watch.blindSinceMs;
  const message = `the guard took no samples for ${duration(1_000 * seconds(blindMs))}: ${failureMessage(error)}`;
  if (blindMs >= limitMs) {
    const breach: Finding = { ...unseen(guard, message, blindMs, limitMs), code: 'GuardBlindTooLong', outcome: 'fail' };
    return finish(state, guard, { findings: [breach], facts: [], evidence: [] }, 'failed-to-run');
  }
  if (watch.blindReported || blindMs < noDataAfterMs) return;
  watch.blindReported = true;
  goBlind(state, guard, { findings: [unseen(guard, message, blindMs, noDataAfterMs)], facts: [], evidence: [] });
}

/** Blind is a hold that ends by itself: the step has to pass (again), and its watch goes on. */
function goBlind(state: CountdownState, guard: Guarded, { findings, facts, evidence }: Found): void {
  const { checkpoint, spec, status } = guard;
  if (!checkpoint.pending.includes(spec.name)) {
    checkpoint.pending.push(spec.name);
    beginGuard(state, guard);
  }
  Object.assign(status, { findings, facts, evidence });
  const said = findings.map(({ message }) => message).join('; ');
  judged(state, guard, 'guard.blind', said);
  // Entering a hold notifies people; where the countdown holds already, nothing else would.
  if (state.phase === 'holding') announce(state, checkpoint, 'hold', said);
}

function finish(state: CountdownState, guard: Guarded, { findings, facts, evidence }: Found, how: 'done' | 'failed-to-run' = 'done'): void {
  const { checkpoint, spec, status } = guard;
  Object.assign(status, { state: how, findings, facts, evidence, finishedAt: new Date(Date.now()).toISOString() });
  checkpoint.pending = checkpoint.pending.filter((name) => name !== spec.name);
  judged(state, guard, 'step.finished', findings.map(({ message }) => message).join('; '));
}

function judged(state: CountdownState, { checkpoint, spec }: Guarded, action: string, detail: string): void {
  evaluate(state, checkpoint, Date.now());
  record(state, Date.now(), 'tminus', action, `${checkpoint.name}/${spec.name}`, detail);
}

/** A worker that died left where it was in its last heartbeat; one that could still report a failure, in that. */
function carryOf(error: unknown): GuardCarry | null {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  const details: unknown =
    cause instanceof TimeoutFailure ? cause.lastHeartbeatDetails : cause instanceof ApplicationFailure ? cause.details?.[0] : null;
  const found = typeof details === 'object' && details !== null && 'carry' in details ? details.carry : null;
  return found as GuardCarry | null;
}

const seconds = (ms: number): number => Math.round(ms / 1_000);

const unseen = ({ spec }: Guarded, message: string, blindMs: number, limitMs: number): Finding =>
  inconclusive('GuardNoData', spec.name, message, { measured: seconds(blindMs), limit: seconds(limitMs), unit: 's' });
