// Points of a k6 run that Tminus did not start: planned load and load model (open or closed) are unknown. Such a run can fail a service,
// but never pass it.
import type { Finding, FindingCode } from '../../verdict/finding.ts';
import { judgeLoad } from './judge.ts';
import type { EndpointLimits } from './plan.ts';
import type { RunEnd } from './run-record.ts';
import type { LoadSummary } from './summary.ts';

/** k6's own output has neither Run nor End line, so a missing end means nothing. */
const END_UNKNOWN: RunEnd = { at: '', exitCode: 0, signal: null, stopped: null, lastError: '' };

/** Codes for a pass where the load model is unknown. */
const UNDECIDED: Readonly<Partial<Record<FindingCode, FindingCode>>> = {
  LatencyWithinLimit: 'LatencyUndecided',
  ErrorRateWithinLimit: 'ErrorRateUndecided',
};

/** Judges points without a plan by given limits. Does not judge the delivered load, and never passes. */
export function judgeUnplanned(summary: LoadSummary, limits: EndpointLimits): Finding[] {
  const end = summary.end ?? (summary.start === null ? END_UNKNOWN : null);
  return judgeLoad({ ...summary, end }, { ...limits, deliveredPercent: 0, endpoints: {} }, [])
    .filter(({ code }) => code !== 'LoadNotDelivered')
    .map((finding) => (finding.outcome === 'pass' ? undecided(finding) : finding));
}

const undecided = (finding: Finding): Finding => ({
  ...finding,
  code: UNDECIDED[finding.code] ?? finding.code,
  outcome: 'inconclusive',
  message: `${finding.message}, but the points do not show whether the load model was open, so it cannot pass`,
});
