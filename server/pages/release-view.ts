// Data of the pages of a release and of its checkpoints.
import type { CheckpointStatus, CountdownStatus } from '../../verdict/countdown-status.ts';
import type { Outcome } from '../identity/sessions.ts';
import type { AppContext } from '../request/context.ts';
import { ApiError } from '../request/refusal.ts';
import { releaseNameOf } from '../request/release-name.ts';
import type { Dependencies } from '../request/dependencies.ts';
import { CountdownFailure, type StepProgress } from '../temporal/countdowns.ts';

/** Reads the release and takes the pending outcome for this page. */
export async function viewOf(dependencies: Dependencies, c: AppContext, checkpoint: string | null = null) {
  const status = await dependencies.countdowns.status(releaseNameOf(c));
  const progress = await progressOrNone(dependencies, status);
  // Taken last, so that a page that fails does not consume it.
  const outcome = takeOutcome(c, pathOf(status.release, checkpoint));
  return { status, progress, visitor: c.get('visitor'), nowMs: dependencies.now(), notice: outcome, draft: outcome?.draft };
}

function takeOutcome(c: AppContext, at: string): Outcome | undefined {
  const { session } = c.get('visitor');
  if (session?.outcome?.at !== at) return undefined;
  const { outcome } = session;
  delete session.outcome;
  return outcome;
}

/** Progress is optional; the page works without it. */
async function progressOrNone({ countdowns, onFault }: Dependencies, status: CountdownStatus): Promise<StepProgress[]> {
  try {
    return await countdowns.progress(status);
  } catch (error) {
    if (!(error instanceof CountdownFailure)) onFault(error);
    return [];
  }
}

/** Path of the page of a release, or of one of its checkpoints. */
export const pathOf = (release: string, checkpoint: string | null): string =>
  `/r/${release}${checkpoint === null ? '' : `/checkpoints/${encodeURIComponent(checkpoint)}`}`;

/** The checkpoint with this name; otherwise 404 with the known names. */
export function findCheckpoint({ release, checkpoints }: CountdownStatus, name: string): CheckpointStatus {
  const found = checkpoints.find((checkpoint) => checkpoint.name === name);
  if (!found)
    throw new ApiError('NotFound', `${release} has no checkpoint ${name}`, `it has ${checkpoints.map((each) => each.name).join(', ')}`);
  return found;
}
