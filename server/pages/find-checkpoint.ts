import type { CheckpointStatus, CountdownStatus } from '../../workflows/messages.ts';
import { ApiError } from '../api/errors.ts';

/** The checkpoint of that name, or a 404 that names those there are. */
export function findCheckpoint({ release, checkpoints }: CountdownStatus, name: string): CheckpointStatus {
  const found = checkpoints.find((checkpoint) => checkpoint.name === name);
  if (!found)
    throw new ApiError('NotFound', `${release} has no checkpoint ${name}`, `it has ${checkpoints.map((each) => each.name).join(', ')}`);
  return found;
}
