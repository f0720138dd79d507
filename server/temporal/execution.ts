// State, run and search attributes of a countdown as Temporal reports them. Needs no worker.
import type { Phase } from '../../verdict/can.ts';
import type { Ending } from '../../verdict/countdown-status.ts';
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Verdict } from '../../verdict/verdict.ts';
import { releaseOfCountdown } from '../../release/countdown-id.ts';
import { attribute } from '../../workflows/messages.ts';
import type { CountdownSummary, Owner } from './countdowns.ts';

/** Closed, or only sending its last messages. */
export const hasEnded = (described: WorkflowExecutionDescription): boolean =>
  described.status.name !== 'RUNNING' || summaryOf(described).phase === 'ended';

/** The first run's id outlives continue-as-new and reset. */
export const firstRunOf = ({ raw, runId }: WorkflowExecutionDescription): string => raw.workflowExecutionInfo?.firstRunId || runId;

/** `gone`: past the retention of Temporal. */
export function stateOf(described: WorkflowExecutionDescription | null): Owner['countdown'] {
  if (described === null) return 'gone';
  const { name } = described.status;
  if (name === 'RUNNING') return hasEnded(described) ? 'ended' : 'running';
  return name === 'COMPLETED' || name === 'CONTINUED_AS_NEW' ? 'ended' : 'terminated';
}

/** Set by Temporal: `<deployment>:<build id>`, with a dot in older servers. */
const WORKER_VERSION = defineSearchAttributeKey('TemporalWorkerDeploymentVersion', 'KEYWORD');

const buildIdIn = (version: string | undefined): string | null => version?.split(/[:.]/).at(-1) || null;

/** A row of the list; `hasWorker` is left null. */
export function summaryOf({
  workflowId,
  typedSearchAttributes: attributes,
  status,
  startTime,
  closeTime,
  memo,
}: Omit<WorkflowExecutionInfo, 'raw'>): CountdownSummary {
  return {
    release: attributes.get(attribute.release) ?? releaseOfCountdown(workflowId),
    service: attributes.get(attribute.service) ?? null,
    phase: (attributes.get(attribute.phase) as Phase | undefined) ?? null,
    verdict: (attributes.get(attribute.verdict) as Verdict | undefined) ?? null,
    ending: (attributes.get(attribute.ending) as Ending | undefined) ?? null,
    launchAt: attributes.get(attribute.launchAt)?.toISOString() ?? null,
    nextCheckpointAt: attributes.get(attribute.nextCheckpointAt)?.toISOString() ?? null,
    running: status.name === 'RUNNING',
    rehearsal: memo?.['rehearsal'] === true,
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    workerVersion: buildIdIn(attributes.get(WORKER_VERSION)),
    hasWorker: null,
  };
}
