// The words of a judgement. `judge.ts` makes them.
import type { Finding, FindingCode } from './finding.ts';

export type Verdict = 'go' | 'hold' | 'no-go';

/** Who did it. Identity is (issuer, subject); the display name is for reading only. */
export interface Principal {
  issuer: string;
  subject: string;
  displayName: string;
  groups: string[];
  /** True only when the server verified it (token, OIDC, TokenReview). */
  verified: boolean;
}

/** Why a verdict is what it is: a finding that did not pass, or something that people owe. */
export interface Reason {
  code: FindingCode;
  subject: string;
  /** What this reason does to the verdict by itself. */
  effect: 'no-go' | 'hold' | 'waived' | 'note';
  measured: number | string | null;
  limit: number | string | null;
  unit: string;
  message: string;
  evidence: string[];
}

/** Verdict with the findings that made it so. Reasons are sorted and stable. */
export interface Evaluation {
  verdict: Verdict;
  reasons: Reason[];
  passed: number;
  findings: Finding[];
}
