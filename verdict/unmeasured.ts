// A finding without a number: its message says why nothing could be measured.
import type { Finding } from './finding.ts';

/** Fills in that there is no measured value, no limit and no evidence. */
export const unmeasured = (finding: Pick<Finding, 'code' | 'subject' | 'outcome' | 'message'>): Finding => ({
  ...finding,
  measured: null,
  limit: null,
  unit: '',
  evidence: [],
});
