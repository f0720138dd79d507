// The result of one check, before it is a finding.
import type { Outcome } from '../../verdict/finding.ts';

export interface Judgement {
  outcome: Outcome;
  message: string;
  /** Empty when it passed. */
  hint?: string;
  measured?: number | string | null;
  limit?: number | string | null;
  unit?: string;
}

export const pass = (message: string, more: Partial<Judgement> = {}): Judgement => ({ outcome: 'pass', message, ...more });
export const fail = (message: string, hint: string, more: Partial<Judgement> = {}): Judgement => ({
  outcome: 'fail',
  message,
  hint,
  ...more,
});
export const unknown = (message: string, hint: string, more: Partial<Judgement> = {}): Judgement => ({
  outcome: 'inconclusive',
  message,
  hint,
  ...more,
});
