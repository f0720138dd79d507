import type { FiguresReader } from '../evidence/figures-apart.ts';
import type { AppContext } from '../request/context.ts';
import type { Countdowns } from '../temporal/countdowns.ts';
import { readStepFigures } from './figures.ts';
import { readLatencyPlots } from './latency-plot.ts';
import { REPORT_POLICY, renderReport } from './report.ts';

export interface ReportWorld {
  countdowns: Countdowns;
  figures: FiguresReader;
  now: () => number;
}

/** Renders the report of a release from its current state. */
export function reportOf({ countdowns, figures, now }: ReportWorld): (c: AppContext, release: string) => Promise<Response> {
  return async (c, release) => {
    // The head first: records can only be added between both reads.
    const status = await countdowns.status(release);
    const audit = await countdowns.audit(release);
    const [plots, pictures] = await Promise.all([readLatencyPlots(status, figures.endpoints), readStepFigures(status, figures.figures)]);
    c.header('Content-Security-Policy', REPORT_POLICY);
    c.header('Content-Disposition', `inline; filename="${release}.html"`);
    return c.html(renderReport({ status, audit, plots, figures: pictures, nowMs: now() }));
  };
}
