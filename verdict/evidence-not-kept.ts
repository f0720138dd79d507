// What a step adds when it came to a result whose evidence could not be stored. The other findings stand: a fail is still a fail.
import { inconclusive, type Finding } from './finding.ts';

/** Inconclusive, because nobody can make the findings of this subject again. None where the evidence was stored. */
export function judgeNotKept(subject: string, notKept: string | undefined): Finding[] {
  if (notKept === undefined) return [];
  const message = `${subject}: the evidence could not be stored, so its findings cannot be verified: ${notKept}`;
  return [inconclusive('EvidenceNotKept', subject, message)];
}
