// Late is never a go: a checkpoint or a launch that comes after its time is a finding of its own.
import { durationMs } from '../release/duration.ts';
import { nextStep, specOf, type CheckpointState, type CountdownState } from './countdown-state.ts';

/** A launch that could start only after its window is held: never a late go. */
export function guardLaunchWindow(state: CountdownState, checkpoint: CheckpointState): void {
  const launches = specOf(state.input, checkpoint.name).steps.some(
    ({ type, name }) => type === 'launch' && checkpoint.pending.includes(name),
  );
  const closedMs = Date.now() - (state.launchAtMs + durationMs(state.input.release.spec.launchWindow));
  const known = checkpoint.own.some(({ code }) => code === 'LaunchWindowClosed' || code === 'CheckpointMissed');
  if (!launches || closedMs <= 0 || known || nextStep(state, checkpoint) === null) return;
  checkpoint.own.push(
    late(
      checkpoint,
      'LaunchWindowClosed',
      `the launch window closed ${Math.ceil(closedMs / 60_000)} minutes ago; resume with a shifted launch time`,
      closedMs,
      0,
    ),
  );
}

/** A finding that says what came too late, in minutes; inconclusive, so it holds. */
export function late(checkpoint: CheckpointState, code: string, message: string, measuredMs: number, limitMs: number) {
  return {
    code,
    subject: checkpoint.name,
    outcome: 'inconclusive' as const,
    measured: Math.round(measuredMs / 60_000),
    limit: Math.round(limitMs / 60_000),
    unit: 'min',
    message,
    evidence: [],
  };
}
