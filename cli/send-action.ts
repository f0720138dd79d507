import { randomUUID } from 'node:crypto';
import type { CheckpointStatus } from '../verdict/countdown-status.ts';
import type { ShownStatus } from './read-status.ts';
import type { Action } from '../verdict/action.ts';
import { countdownPath, type Api } from './api.ts';
import { CliFailure } from './failure.ts';

/** Body of the request, without its precondition. */
export interface ActionRequest {
  action: Action;
  comment: string;
  /** Of a request whose response was lost; otherwise a new one. */
  id?: string;
  checkpoint?: string;
  finding?: string;
  expiresAt?: string;
  to?: string;
  launchAt?: 'keep' | 'shift';
  step?: string;
}

/** Checkpoint, revision and evidence that the person read: the action is refused once they have changed. */
export type Precondition = Pick<CheckpointStatus, 'name' | 'revision' | 'evidenceDigest'> & { run?: string; holdSince?: string };

export interface ActionAnswer {
  message: string;
  /** Null for a hold and an abort: the server accepts them before the countdown handles them. */
  phase: string | null;
  links: { page: string };
}

/** Sends an action with the revision and evidence of this status as its precondition. */
export async function sendAction(api: Api, status: ShownStatus, request: ActionRequest): Promise<ActionAnswer> {
  return postAction(api, status.release, preconditionOf(status, request.checkpoint), request);
}

/** All attempts have the same id, so that a lost response does not apply an action twice. */
export async function postAction(
  api: Api,
  countdown: string,
  { name, ...precondition }: Precondition,
  { id = randomUUID(), ...request }: ActionRequest,
): Promise<ActionAnswer> {
  try {
    return await api.post(countdownPath(countdown, '/actions'), { id, ...request, checkpoint: name, ...precondition }, { twice: true });
  } catch (error) {
    if (!(error instanceof CliFailure) || error.code !== 'OutcomeUnknown') throw error;
    throw new CliFailure(
      error.code,
      error.message,
      `it may still take effect; repeat it with --id ${id}, which is idempotent`,
      error.exitCode,
    );
  }
}

/** Precondition for a checkpoint (default: the current one) and the current hold. The countdown itself refuses an unknown checkpoint. */
export function preconditionOf({ run, checkpoints, current, holdSince }: ShownStatus, asked = current): Precondition {
  const { name, revision, evidenceDigest } = checkpoints.find((checkpoint) => checkpoint.name === asked || checkpoint.offset === asked) ?? {
    name: asked,
    revision: 0,
    evidenceDigest: '',
  };
  return { name, revision, evidenceDigest, run, ...(holdSince === undefined ? {} : { holdSince }) };
}
