// What Temporal itself reports of a countdown, without a worker: state, run and search attributes.
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Verdict } from '../verdict/verdict.ts';
import { countdownId, type Ending, type Phase } from '../workflows/messages.ts';
import type { CountdownSummary, Owner } from './countdowns.ts';

export const attribute = {
  release: defineSearchAttributeKey('TminusRelease', SearchAttributeType.KEYWORD),
  service: defineSearchAttributeKey('TminusService', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('TminusPhase', SearchAttributeType.KEYWORD),
  verdict: defineSearchAttributeKey('TminusVerdict', SearchAttributeType.KEYWORD),
  ending: defineSearchAttributeKey('TminusEnding', SearchAttributeType.KEYWORD),
  launchAt: defineSearchAttributeKey('TminusLaunchAt', SearchAttributeType.DATETIME),
  nextCheckpointAt: defineSearchAttributeKey('TminusNextCheckpointAt', SearchAttributeType.DATETIME),
};

/** Closed, or decided and only sending its last messages. */
export const hasEnded = (described: WorkflowExecutionDescription): boolean =>
  described.status.name !== 'RUNNING' || summaryOf(described).phase === 'ended';

/** The first run's id outlives continue-as-new and reset. */
export const firstRunOf = ({ raw, runId }: WorkflowExecutionDescription): string => raw.workflowExecutionInfo?.firstRunId || runId;

export function stateOf(described: WorkflowExecutionDescription | null): Owner['countdown'] {
  if (described === null) return 'gone';
  const { name } = described.status;
  if (name === 'RUNNING') return hasEnded(described) ? 'ended' : 'running';
  return name === 'COMPLETED' || name === 'CONTINUED_AS_NEW' ? 'ended' : 'terminated';
}

/** The release of a countdown's workflow id. */
export const releaseOf = (countdown: string): string => countdown.slice(countdownId('').length);

/** A row of the list. */
export function summaryOf({
  workflowId,
  typedSearchAttributes: said,
  status,
  startTime,
  closeTime,
  memo,
}: Omit<WorkflowExecutionInfo, 'raw'>): CountdownSummary {
  return {
    release: said.get(attribute.release) ?? releaseOf(workflowId),
    service: said.get(attribute.service) ?? null,
    phase: (said.get(attribute.phase) as Phase | undefined) ?? null,
    verdict: (said.get(attribute.verdict) as Verdict | undefined) ?? null,
    ending: (said.get(attribute.ending) as Ending | undefined) ?? null,
    launchAt: said.get(attribute.launchAt)?.toISOString() ?? null,
    nextCheckpointAt: said.get(attribute.nextCheckpointAt)?.toISOString() ?? null,
    running: status.name === 'RUNNING',
    rehearsal: memo?.['rehearsal'] === true,
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
  };
}
