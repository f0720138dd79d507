// Never live and unwatched: from the time an effect is live until it is settled, the guard takes samples. A hold, a wait for people or a
// verdict stops the clock, never this. It runs beside the story and only changes state (guard-change.ts); the story acts on it.
import { CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import type { GuardReport, StepActivities } from '../activities/steps-contract.ts';
import type { GuardStep } from '../release/steps/registry.ts';
import { guarding } from './activity-options.ts';
import { announce } from './announce.ts';
import { applyChange, newRound } from './change.ts';
import { current, planned, type CountdownState } from './countdown-state.ts';
import { changeByFailure, changeByReport, type GuardChange, type Guarded } from './guard-change.ts';
import { clusterTaskQueue } from './messages.ts';
import { productionOf } from './step.ts';
import { isLive } from './undo-stack.ts';

/** A guard whose worker died is asked again after this; doubled for each failure in a row, so that 15 minutes of it cost under 40 attempts. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
// Covers no release: a pass only begins the next pass (withoutEnd), so the length only bounds how much evidence one pass holds.
const STANDING_BAKE_MS = 3_600_000;
/** A watch of an hour that is over sooner than this has not watched. */
const MIN_STANDING_MS = 5_000;

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
  const { step, entry } = newRound(checkpoint, status, Date.now());
  applyChange(state, { steps: [step], audit: [entry] }, checkpoint);
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
    assign(state, guard, changeByReport(state, guard, report, Date.now()));
    // Never in a hot loop, whatever a guard answers: each turn is a dozen events of history.
    if (standing && Date.now() - askedAtMs < MIN_STANDING_MS)
      await condition(() => !isDue(state), MIN_STANDING_MS, { summary: 'the guard is started again' });
  } catch (error) {
    // An activity may also end as cancelled because its worker did, and that ends no watch.
    if (CancellationScope.current().consideredCancelled) throw error;
    if (asked.consideredCancelled) return;
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** state.watch.failures);
    assign(state, guard, changeByFailure(state, guard, error, { askedAtMs, nowMs: Date.now() }));
    await condition(() => !isDue(state), pauseMs, { summary: 'the guard is started again' });
  }
}

function assign(state: CountdownState, { checkpoint }: Guarded, change: GuardChange): void {
  applyChange(state, change, checkpoint);
  if (change.announcement !== undefined) announce(state, checkpoint, 'hold', change.announcement);
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
