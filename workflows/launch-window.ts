// Late is never a go: a checkpoint or a launch that comes after its time is a finding of its own.
import { inconclusive, type Finding, type FindingCode } from '../verdict/finding.ts';
import { findingsOf, specOf, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { findingKey } from '../verdict/judge.ts';
import { duration } from '../verdict/wording/index.ts';

/** A launch that could start only after its window is held: never a late go. Answers the finding once; the countdown adds it to the checkpoint. */
export function closedWindow(state: CountdownState, checkpoint: CheckpointState): Finding[] {
  const closedMs = Date.now() - windowEndMs(state);
  if (!launchesYet(state, checkpoint) || closedMs <= 0 || isReportedClosed(checkpoint)) return [];
  const message = `the launch window closed ${duration(closedMs)} ago; resume with a shifted launch time`;
  return [late(checkpoint, 'LaunchWindowClosed', message, closedMs, 0)];
}

const windowEndMs = ({ input, launchAtMs }: CountdownState): number => launchAtMs + input.release.spec.launchWindowMs;

const isReportedClosed = ({ own }: CheckpointState): boolean => own.some(({ code }) => code === 'LaunchWindowClosed');

/** For the launch step, because its worker may start hours later. No limit once the finding is waived. */
export const launchMustBeginBy = (state: CountdownState, checkpoint: CheckpointState): { beginByMs?: number } =>
  isReportedClosed(checkpoint) ? {} : { beginByMs: windowEndMs(state) };

/** A launch needs waivers that have not expired. Checked before every step of a checkpoint with a launch; answers each finding once. */
export function expiredWaivers(state: CountdownState, checkpoint: CheckpointState): Finding[] {
  if (!launchesYet(state, checkpoint)) return [];
  const found: Finding[] = [];
  for (const passed of state.checkpoints.filter((each) => each.passed)) {
    const accepted = (key: string, said: string): boolean =>
      passed.waivers.some((waiver) => waiver.finding === key && waiver.said === said && waiver.expiresAtMs > Date.now());
    for (const finding of findingsOf(passed).filter(({ outcome }) => outcome !== 'pass')) {
      const key = findingKey(finding);
      const subject = `${passed.name}: ${key}`;
      const isReported = [...checkpoint.own, ...found].some((own) => own.code === 'WaiverExpired' && own.subject === subject);
      if (accepted(key, finding.message) || isReported) continue;
      const message = `the waiver of ${key} at ${passed.name} expired before the launch: ${finding.message}`;
      found.push(inconclusive('WaiverExpired', subject, message));
    }
  }
  return found;
}

/** False once the write was acknowledged: a step that only watches it again is not late. A registered undo does not prove the write. */
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
