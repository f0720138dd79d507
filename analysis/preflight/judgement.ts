// What one check came to, before it is a finding.
import type { Outcome } from '../../verdict/finding.ts';

export interface Judgement {
  outcome: Outcome;
  sentence: string;
  /** Empty when it passed. */
  whatToDo?: string;
  measured?: number | string | null;
  limit?: number | string | null;
  unit?: string;
}

export const pass = (sentence: string, more: Partial<Judgement> = {}): Judgement => ({ outcome: 'pass', sentence, ...more });
export const fail = (sentence: string, whatToDo: string, more: Partial<Judgement> = {}): Judgement => ({
  outcome: 'fail',
  sentence,
  whatToDo,
  ...more,
});
export const unknown = (sentence: string, whatToDo: string, more: Partial<Judgement> = {}): Judgement => ({
  outcome: 'inconclusive',
  sentence,
  whatToDo,
  ...more,
});
