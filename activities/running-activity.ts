import { Context } from '@temporalio/activity';
import type { ActivityProgress } from './kubernetes/contract.ts';

/** What a long piece of work needs of whoever runs it: a place to report progress, and a signal to stop. */
export interface RunningActivity {
  heartbeat(progress: ActivityProgress & { carry?: unknown }): void;
  signal: AbortSignal;
  /** The details of the last heartbeat of the attempt before; undefined at the first attempt. */
  lastHeartbeat?: unknown;
}

/** The run whose activity this code is. */
export function runningWorkflow(): { workflowId: string; runId: string } {
  const { workflowExecution } = Context.current().info;
  if (!workflowExecution) throw new Error('this activity was started by no workflow');
  return workflowExecution;
}

/** The Temporal activity this code runs in. Tests hand in their own. */
export function runningActivity(): RunningActivity {
  const context = Context.current();
  return {
    heartbeat: (progress) => context.heartbeat(progress),
    signal: context.cancellationSignal,
    lastHeartbeat: context.info.heartbeatDetails,
  };
}
