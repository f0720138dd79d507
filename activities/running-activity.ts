import { Context } from '@temporalio/activity';
import type { ActivityProgress } from './kubernetes/contract.ts';

/** What a long piece of work needs of whoever runs it: a place to report progress, and a signal to stop. */
export interface RunningActivity {
  heartbeat(progress: ActivityProgress & { carry?: unknown }): void;
  signal: AbortSignal;
  /** The details of the last heartbeat of the attempt before; undefined at the first attempt. */
  lastHeartbeat?: unknown;
}

/** One run of a workflow. */
export interface RunId {
  workflowId: string;
  runId: string;
}

/** The workflow that scheduled this activity, as reported by the Temporal server; null for a standalone activity. */
export const callingWorkflow = (): RunId | null => Context.current().info.workflowExecution ?? null;

/** The Temporal activity this code runs in. Tests hand in their own. */
export function runningActivity(): RunningActivity {
  const context = Context.current();
  return {
    heartbeat: (progress) => context.heartbeat(progress),
    signal: context.cancellationSignal,
    lastHeartbeat: context.info.heartbeatDetails,
  };
}
