import { Context } from '@temporalio/activity';

/** Heartbeat of a long activity; `tminus status` prints it. */
export interface ActivityProgress {
  text: string;
  done: number;
  total: number;
  unit: string;
}

/** Context of a long activity: progress reports and cancellation. */
export interface RunningActivity {
  heartbeat(progress: ActivityProgress & { carry?: unknown }): void;
  signal: AbortSignal;
  /** Details of the last heartbeat of the previous attempt; undefined in the first. */
  lastHeartbeat?: unknown;
}

/** One run of a workflow. */
export interface RunId {
  workflowId: string;
  runId: string;
}

/** The workflow that scheduled this activity, as reported by the Temporal server; null for a standalone activity. */
export const callingWorkflow = (): RunId | null => Context.current().info.workflowExecution ?? null;

/** The current Temporal activity. Tests pass their own. */
export function runningActivity(): RunningActivity {
  const context = Context.current();
  return {
    heartbeat: (progress) => context.heartbeat(progress),
    signal: context.cancellationSignal,
    lastHeartbeat: context.info.heartbeatDetails,
  };
}
