import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import type { EndpointSummary } from '../../analysis/load-test/summary.ts';
import type { AppContext } from '../api/route.ts';
import type { Countdowns } from '../countdowns.ts';
import { readFigures } from './figures.ts';
import { endpointsOf, readLatencyPlots } from './latency-plot.ts';
import { REPORT_POLICY, renderReport } from './report.ts';

// A load test's summary is at most about 1 MB; the same evidence always has the same one, so those last looked at are kept.
const KEPT_SUMMARIES = 16;

export interface ReportWorld {
  countdowns: Countdowns;
  evidence: EvidenceStore;
  now: () => number;
}

/** Answers the report of a release as it stands now. */
export function reportOf({ countdowns, evidence, now }: ReportWorld): (c: AppContext, release: string) => Promise<Response> {
  const kept = new Map<string, Promise<EndpointSummary[]>>();

  function summarize(digest: string): Promise<EndpointSummary[]> {
    const known = kept.get(digest);
    if (known) return known;
    const oldest = kept.keys().next();
    if (kept.size >= KEPT_SUMMARIES && !oldest.done) kept.delete(oldest.value);
    const reading = endpointsOf(evidence, digest);
    kept.set(digest, reading);
    // What could not be read now may be there at the next report.
    reading.catch(() => kept.delete(digest));
    return reading;
  }

  return async (c, release) => {
    // The head before the records: those may only have grown meanwhile.
    const status = await countdowns.status(release);
    const audit = await countdowns.audit(release);
    const [plots, figures] = await Promise.all([readLatencyPlots(status, evidence, summarize), readFigures(status, evidence)]);
    c.header('Content-Security-Policy', REPORT_POLICY);
    c.header('Content-Disposition', `inline; filename="${release}.html"`);
    return c.html(renderReport({ status, audit, plots, figures, nowMs: now() }));
  };
}
