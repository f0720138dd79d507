// The plan of a release without checkpoints: the minimum for a launch, in a 72-hour countdown.
import { readDuration } from './duration.ts';

const FIRST_AT = 'T-72h';
const FINAL_POLL_AT = 'T-1h';
const firstMs = 72 * 3_600_000;
const finalPollMs = 3_600_000;

/** How the standard plan fits a countdown (text, or undefined where the release says `launchAt`). */
export type StandardPlanFit = { fits: 'whole' } | { fits: 'moved'; firstAt: string } | { fits: 'not' };

export function fitStandardPlan(countdown: string | undefined): StandardPlanFit {
  const reading = countdown === undefined ? null : readDuration(countdown);
  // A zero duration is reported by the schema.
  if (!reading?.ok || reading.ms === 0 || reading.ms >= firstMs) return { fits: 'whole' };
  return reading.ms > finalPollMs ? { fits: 'moved', firstAt: `T-${countdown}` } : { fits: 'not' };
}

/** Its checkpoints, as in a file. */
export function standardCheckpoints(countdown: string | undefined): object[] {
  const fit = fitStandardPlan(countdown);
  return [
    {
      name: 'load-and-diagnosis',
      at: fit.fits === 'moved' ? fit.firstAt : FIRST_AT,
      steps: [{ type: 'preflight' }, { type: 'loadTest' }, { type: 'diagnosis' }],
    },
    { name: 'final-poll', at: FINAL_POLL_AT, approval: {} },
    { name: 'launch', at: 'T-0', steps: [{ type: 'launch' }, { type: 'guard' }] },
  ];
}
