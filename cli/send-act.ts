import { randomUUID } from 'node:crypto';
import type { CheckpointStatus, CountdownStatus } from '../workflows/messages.ts';
import type { Action } from '../verdict/can.ts';
import type { Api } from './api.ts';

/** What a person adds to what they read. */
export interface Said {
  action: Action;
  comment: string;
  checkpoint?: string;
  finding?: string;
  expiresAt?: string;
  to?: string;
  launchAt?: 'keep' | 'shift';
  step?: string;
}

export interface ActAnswer {
  sentence: string;
  phase: string | null;
}

/** Sends a decision with the revision and evidence that were just read: nobody approves what they did not see. */
export async function sendAct(api: Api, status: CountdownStatus, said: Said): Promise<ActAnswer> {
  const { revision, evidenceDigest } = checkpointOf(status, said.checkpoint);
  return api.post(`/api/v1/releases/${encodeURIComponent(status.release)}/acts`, {
    id: randomUUID(),
    ...said,
    checkpoint: said.checkpoint ?? status.current,
    revision,
    evidenceDigest,
  });
}

/** The checkpoint named, or the one the countdown is at. A name that the plan does not have is left to the countdown to refuse. */
export function checkpointOf(status: CountdownStatus, name = status.current): Pick<CheckpointStatus, 'name' | 'revision' | 'evidenceDigest'> {
  return status.checkpoints.find((checkpoint) => checkpoint.name === name) ?? { name, revision: 0, evidenceDigest: '' };
}
