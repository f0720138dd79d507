// Late is never a go: a checkpoint or a launch that comes after its time is a finding of its own.
import { inconclusive, type Finding, type FindingCode } from '../verdict/finding.ts';
import { findingsOf, specOf, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { findingKey } from '../verdict/judge.ts';
import { duration } from '../verdict/wording/index.ts';

/** A launch that could start only after its window is held: never a late go. */
export function guardLaunchWindow(state: CountdownState, checkpoint: CheckpointState): void {
  const closedMs = Date.now() - windowEndMs(state);
  if (!launchesYet(state, checkpoint) || closedMs <= 0 || isToldClosed(checkpoint)) return;
  checkpoint.own.push(
    late(
      checkpoint,
      'LaunchWindowClosed',
      `the launch window closed ${duration(closedMs)} ago; resume with a shifted launch time`,
      closedMs,
      0,
    ),
  );
}

const windowEndMs = ({ input, launchAtMs }: CountdownState): number => launchAtMs + input.release.spec.launchWindowMs;

const isToldClosed = ({ own }: CheckpointState): boolean => own.some(({ code }) => code === 'LaunchWindowClosed');

/** Told to the launch itself, for the worker that takes it up may come back hours later. A step runs beside that finding only where it is waived. */
export const launchMustBeginBy = (state: CountdownState, checkpoint: CheckpointState): { beginByMs?: number } =>
  isToldClosed(checkpoint) ? {} : { beginByMs: windowEndMs(state) };

/** A launch does not rest on what somebody accepted only until a time that is over. Asked before every step of a checkpoint that launches. */
export function guardWaivers(state: CountdownState, checkpoint: CheckpointState): void {
  if (!launchesYet(state, checkpoint)) return;
  for (const passed of state.checkpoints.filter((each) => each.passed)) {
    const open = findingsOf(passed).filter(({ outcome }) => outcome !== 'pass');
    const accepted = (key: string, said: string): boolean =>
      passed.waivers.some((waiver) => waiver.finding === key && waiver.said === said && waiver.expiresAtMs > Date.now());
    for (const finding of open) {
      const key = findingKey(finding);
      const subject = `${passed.name}: ${key}`;
      if (accepted(key, finding.message) || checkpoint.own.some((own) => own.code === 'WaiverExpired' && own.subject === subject)) continue;
      const message = `the waiver of ${key} at ${passed.name} expired before the launch: ${finding.message}`;
      checkpoint.own.push(inconclusive('WaiverExpired', subject, message));
    }
  }
}

/** What was written has been launched in its window: a step that watches it again is not late. An undo that stands is no such proof. */
const launchesYet = (state: CountdownState, { name, pending }: CheckpointState): boolean =>
  state.launchedAt === null && specOf(state.input, name).steps.some((step) => step.type === 'launch' && pending.includes(step.name));

/** A finding that says what came too late, in seconds; inconclusive, so it holds. */
export function late(checkpoint: CheckpointState, code: FindingCode, message: string, measuredMs: number, limitMs: number): Finding {
  return inconclusive(code, checkpoint.name, message, {
    measured: Math.round(measuredMs / 1_000),
    limit: Math.round(limitMs / 1_000),
    unit: 's',
  });
}
