// Points of a k6 run that was not begun by a load test of ours: nobody says what load was asked for, nor whether requests waited for the
// answers before them. Such a run can fail a service, but it never passes one.
import type { Finding, FindingCode } from '../../verdict/finding.ts';
import { judgeLoad } from './judge.ts';
import type { EndpointLimits } from './plan.ts';
import type { RunEnd } from './run-record.ts';
import type { LoadSummary } from './summary.ts';

/** k6's own output has neither our beginning nor our end: that it has none says nothing. */
const END_UNTOLD: RunEnd = { at: '', exitCode: 0, signal: null, stopped: null, lastError: '' };

/** What a pass turns into where it is unknown whether the load was open. */
const UNDECIDED: Readonly<Partial<Record<FindingCode, FindingCode>>> = {
  LatencyWithinLimit: 'LatencyUndecided',
  ErrorRateWithinLimit: 'ErrorRateUndecided',
};

/** Judges points without a plan by limits that somebody names now. Says nothing of the load that was delivered, and passes nothing. */
export function judgeUnplanned(summary: LoadSummary, limits: EndpointLimits): Finding[] {
  const end = summary.end ?? (summary.start === null ? END_UNTOLD : null);
  return judgeLoad({ ...summary, end }, { ...limits, deliveredPercent: 0, endpoints: {} }, [])
    .filter(({ code }) => code !== 'LoadNotDelivered')
    .map((finding) => (finding.outcome === 'pass' ? undecided(finding) : finding));
}

const undecided = (finding: Finding): Finding => ({
  ...finding,
  code: UNDECIDED[finding.code] ?? finding.code,
  outcome: 'inconclusive',
  message: `${finding.message}, but the points do not say whether the load was open, so it cannot pass`,
});
