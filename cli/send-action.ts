import { randomUUID } from 'node:crypto';
import type { CheckpointStatus } from '../workflows/messages.ts';
import type { ShownStatus } from './shown-status.ts';
import type { Action } from '../verdict/action.ts';
import { releasePath, type Api } from './api.ts';
import { CliFailure } from './failure.ts';

/** What a person adds to what they read. */
export interface Said {
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

/** What the person saw: an action is refused once that has changed. */
export type Seen = Pick<CheckpointStatus, 'name' | 'revision' | 'evidenceDigest'> & { run?: string; holdSince?: string };

export interface ActionAnswer {
  sentence: string;
  /** null for a hold or an abort: those are only handed over. */
  phase: string | null;
  links: { page: string };
}

/** Sends a decision with the revision and evidence that were just read: nobody approves what they did not see. */
export async function sendAction(api: Api, status: ShownStatus, said: Said): Promise<ActionAnswer> {
  return postAction(api, status.release, seenOf(status, said.checkpoint), said);
}

/** The same id goes with every attempt, so that an answer that is lost does not make a decision count twice. */
export async function postAction(
  api: Api,
  release: string,
  { name, ...seen }: Seen,
  { id = randomUUID(), ...said }: Said,
): Promise<ActionAnswer> {
  try {
    return await api.post(releasePath(release, '/actions'), { id, ...said, checkpoint: name, ...seen }, { twice: true });
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

/** The checkpoint named, or the one the countdown is at, and the hold it stands in. A name that the plan does not have is left to the countdown to refuse. */
export function seenOf({ run, checkpoints, current, holdSince }: ShownStatus, asked = current): Seen {
  const { name, revision, evidenceDigest } = checkpoints.find((checkpoint) => checkpoint.name === asked || checkpoint.offset === asked) ?? {
    name: asked,
    revision: 0,
    evidenceDigest: '',
  };
  return { name, revision, evidenceDigest, run, ...(holdSince === undefined ? {} : { holdSince }) };
}
