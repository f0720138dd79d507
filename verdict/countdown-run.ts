// What the Temporal server reports of a countdown's run, judged. Whoever can reach Temporal can start, reset and hurry workflows: this is how
// it shows.
import { fail, inconclusive, type Finding, type FindingCode } from './finding.ts';
import { duration } from './wording/index.ts';

/** A run, as the server describes it and as its first event records it. */
export interface CountdownRun {
  workflowId: string;
  runId: string;
  firstRunId: string;
  /** As it was when the run was started: another one than `runId` after a reset. */
  originalRunId: string;
  workflowType: string;
  isRunning: boolean;
  attempt: number;
  hasRetryPolicy: boolean;
  cronSchedule: string;
  startDelayMs: number;
  /** The run before it in its chain; null where it is the first. */
  continuedRunId: string | null;
  isSkippingTime: boolean;
  parent: { workflowId: string; runId: string } | null;
}

/**
 * How far a countdown's clock may be ahead of the worker's. Two machines with NTP differ by milliseconds, and preflight holds above some seconds; a
 * skip of less than this wins nothing.
 */
const MAX_CLOCK_AHEAD_MS = 60_000;

/** Of the finding of a reset; its subject is the run, so a waiver accepts this reset and no later one. */
export const RESET_CODE = 'CountdownReset';

/** Nobody may waive them: they say that the run is not what was started, or that it could not be asked. */
export const UNWAIVABLE_RUN_CODES = ['CountdownClockAhead', 'CountdownRunForeign'];

/** Why a run is none that the server of Tminus started, or null. */
export function explainForeignRun(run: CountdownRun): string | null {
  const { workflowId, workflowType, attempt, hasRetryPolicy, cronSchedule, startDelayMs, continuedRunId } = run;
  if (workflowType !== 'countdown') return `${workflowId} is a workflow of type ${workflowType}`;
  if (hasRetryPolicy) return `${workflowId} was started with a retry policy`;
  if (cronSchedule !== '') return `${workflowId} was started with the cron schedule ${cronSchedule}`;
  if (attempt > 1) return `${workflowId} is at attempt ${attempt}`;
  // The server itself delays a run that goes on from one that was shorter than a second.
  if (startDelayMs > 0 && continuedRunId === null) return `${workflowId} was started with a delay of ${duration(startDelayMs)}`;
  return null;
}

/** Why a countdown's clock is not the real one, or null. */
export function explainSkipping({ workflowId, isSkippingTime }: CountdownRun, rehearsal: boolean): string | null {
  return isSkippingTime && !rehearsal ? `time skipping is enabled for ${workflowId}, which is not a rehearsal` : null;
}

/** True when the run was created by a reset. */
export const wasReset = ({ runId, originalRunId }: CountdownRun): boolean => originalRunId !== '' && originalRunId !== runId;

export interface InspectedRun {
  run: CountdownRun;
  /** Runs before it in its chain that were reset. */
  resets: readonly string[];
  rehearsal: boolean;
  /** By the countdown's own clock, ms since 1970, when it asked. */
  workflowNowMs: number;
  /** By the worker's real clock. */
  nowMs: number;
}

/** What speaks against launching from this run. Empty where nothing does. */
export function judgeRun({ run, resets, rehearsal, workflowNowMs, nowMs }: InspectedRun): Finding[] {
  const findings: Finding[] = [];
  const foreign = explainForeignRun(run);
  if (foreign !== null) findings.push(failed('CountdownRunForeign', run, `${foreign}; start the release again`));
  const skipping = explainSkipping(run, rehearsal);
  const aheadMs = workflowNowMs - nowMs;
  const aheadS = Math.round(aheadMs / 1_000);
  if (skipping !== null) findings.push(failed('CountdownClockAhead', run, `${skipping}; start the release again`));
  else if (!rehearsal && aheadMs > MAX_CLOCK_AHEAD_MS)
    findings.push({
      ...failed(
        'CountdownClockAhead',
        run,
        `the clock of ${run.workflowId} is ${duration(1_000 * aheadS)} ahead of the worker's, ` +
          `limit ${duration(MAX_CLOCK_AHEAD_MS)}: time was skipped; start the release again`,
      ),
      measured: aheadS,
      limit: MAX_CLOCK_AHEAD_MS / 1_000,
      unit: 's',
    });
  const found = new Set([...(wasReset(run) ? [run.runId] : []), ...resets]);
  for (const runId of found) findings.push(reset(run, runId));
  return findings;
}

/** The same sentence in that run and in those after it: a waiver names it. */
const reset = ({ workflowId }: CountdownRun, subject: string): Finding =>
  inconclusive(
    RESET_CODE,
    subject,
    `${workflowId} was reset in Temporal: run ${subject} repeats another one up to some event, ` +
      'so actions may be missing; compare the audit file, then waive the finding or abort',
  );

const failed = (code: FindingCode, { workflowId }: CountdownRun, message: string): Finding => fail(code, workflowId, message);
