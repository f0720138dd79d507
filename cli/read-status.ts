import { nearName } from '../release/near-name.ts';
import type { Verdict } from '../verdict/verdict.ts';
import type { CheckpointStatus, CountdownStatus } from '../verdict/countdown-status.ts';
import { countdownPath, type Api } from './api.ts';
import { usageFailure } from './failure.ts';

/** Status of a countdown as the server returns it: no verdict while the countdown is under way and has no objections. */
export type ShownStatus = Omit<CountdownStatus, 'verdict'> & { verdict: Verdict | null };

export type StatusAnswer = ShownStatus & { links: { page: string } };

export const readStatus = (api: Api, countdown: string): Promise<StatusAnswer> => api.get(countdownPath(countdown));

/** True if there is a new audit record or another phase. The clock alone is not a change. */
export const changed = (previous: ShownStatus, next: ShownStatus): boolean =>
  previous.auditHead.seq !== next.auditHead.seq || previous.phase !== next.phase;

/** The checkpoint with this name or offset; without either, the current one. Throws CliFailure for an unknown checkpoint. */
export function findCheckpoint({ release: countdown, checkpoints, current }: ShownStatus, asked = current): CheckpointStatus {
  const found = checkpoints.find(({ name, offset }) => name === asked || offset === asked);
  if (found) return found;
  const near = nearName(
    asked,
    checkpoints.map(({ name }) => name),
  );
  throw usageFailure(
    `${countdown} has no checkpoint ${asked}`,
    near ? `did you mean ${near}?` : `it has ${checkpoints.map(({ name }) => name).join(', ')}`,
  );
}
