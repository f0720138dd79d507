import type { CheckpointStatus } from '../workflows/messages.ts';
import type { ShownStatus } from './shown-status.ts';
import { nearName } from '../release/near-name.ts';
import { releasePath, type Api } from './api.ts';
import { usageFailure } from './failure.ts';

export type StatusAnswer = ShownStatus & { links: { page: string } };

export const readStatus = (api: Api, release: string): Promise<StatusAnswer> => api.get(releasePath(release));

/** Every change of what people decide on is an audit record; the clock alone is none. */
export const changed = (seen: ShownStatus, next: ShownStatus): boolean =>
  seen.auditHead.seq !== next.auditHead.seq || seen.phase !== next.phase;

/** The checkpoint that is looked at: by name, by offset, or the one the countdown is at. */
export function findCheckpoint({ release, checkpoints, current }: ShownStatus, asked = current): CheckpointStatus {
  const found = checkpoints.find(({ name, offset }) => name === asked || offset === asked);
  if (found) return found;
  const near = nearName(
    asked,
    checkpoints.map(({ name }) => name),
  );
  throw usageFailure(
    `${release} has no checkpoint ${asked}`,
    near ? `did you mean ${near}?` : `it has ${checkpoints.map(({ name }) => name).join(', ')}`,
  );
}
