// Facts of the check `evidence space`.
import type { EvidenceRoom } from '../../analysis/preflight/answers.ts';
import { EvidenceNotKept } from '../evidence/errors.ts';
import type { CheckDependencies } from './dependencies.ts';

/** Free space of the evidence store. A store that cannot keep evidence is a fact with its message; any other error is thrown. */
export async function evidenceSpace({ store }: CheckDependencies): Promise<EvidenceRoom> {
  try {
    return { refusal: null, ...(await store.space()) };
  } catch (error) {
    if (error instanceof EvidenceNotKept) return { refusal: withoutPeriod(error.message) };
    throw error;
  }
}

/** A finding continues after the message, with a semicolon. */
export const withoutPeriod = (message: string): string => message.replace(/\.$/, '');
