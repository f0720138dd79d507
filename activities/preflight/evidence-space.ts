// The facts of the check `evidence space`.
import type { EvidenceRoom } from '../../analysis/preflight/answers.ts';
import { EvidenceNotKept } from '../evidence/errors.ts';
import type { PreflightWorld } from './world.ts';

/** Room of the evidence store. A store that keeps nothing is an answer, with its message; any other error is none. */
export async function evidenceSpace({ store }: PreflightWorld): Promise<EvidenceRoom> {
  try {
    return { refusal: null, ...(await store.space()) };
  } catch (error) {
    if (error instanceof EvidenceNotKept) return { refusal: withoutPeriod(error.message) };
    throw error;
  }
}

/** A message of a finding goes on after a semicolon. */
export const withoutPeriod = (message: string): string => message.replace(/\.$/, '');
