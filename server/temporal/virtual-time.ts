// Virtual time for rehearsals: the Temporal server skips the waits of one countdown; the workflow code is unchanged.
import { randomUUID } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import proto from '@temporalio/proto';

const { StartWorkflowExecutionRequest, ExecuteMultiOperationRequest } = proto.temporal.api.workflowservice.v1;
const { FastForwardPollingResult } = proto.temporal.api.enums.v1;
type TimeSkippingConfig = proto.temporal.api.common.v1.ITimeSkippingConfig;

/** A 72-hour countdown skips about ten times; the limit ends an endless loop of skips. */
const MAX_SKIPS = 10_000;

/** A rehearsal starts with its clock almost stopped; `letRun` moves it. */
const FIRST_STEP_MS = 1_000;

/** Duration of one poll, below the long-poll limit of the server. */
const POLL_MS = 15_000;

/** A client whose countdowns start on virtual time. The server must allow it (`frontend.WorkflowTimeSkippingEnabled`). */
export function virtualTimeClient(connection: ConnectionOptions, namespace: string, dataConverter: DataConverter | null = null): Client {
  return new Client({
    connection: Connection.lazy({ ...connection, interceptors: [startOnVirtualTime] }),
    namespace,
    ...(dataConverter === null ? {} : { dataConverter }),
  });
}

/**
 * Skips `aheadMs` of virtual time of one countdown and returns when the clock has arrived or the countdown has ended. Running activities stop
 * the clock, so this takes as long as the steps on the way. Afterwards time runs at normal speed.
 */
export async function advance(client: Client, workflowId: string, aheadMs: number): Promise<'arrived' | 'ended'> {
  const id = await letRun(client, workflowId, aheadMs);
  for (;;) {
    const result = await poll(client, { workflowId }, id);
    if (result === FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED) return 'arrived';
    if (result === FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED) return 'ended';
  }
}

/** Starts the skip and returns at once. */
export async function letRun(client: Client, workflowId: string, aheadMs: number): Promise<string> {
  const id = randomUUID();
  await client.workflowService.updateWorkflowExecutionOptions({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    workflowExecutionOptions: { timeSkippingConfig: skipping(aheadMs, id) },
    updateMask: { paths: ['time_skipping_config'] },
  });
  return id;
}

/** null if this poll timed out. */
async function poll(client: Client, workflowExecution: { workflowId: string }, fastForwardId: string): Promise<number | null> {
  try {
    const { fastForwardPollingResult } = await client.withDeadline(Date.now() + POLL_MS, () =>
      client.workflowService.pollWorkflowExecutionTimeSkipping({ namespace: client.options.namespace, workflowExecution, fastForwardId }),
    );
    return fastForwardPollingResult;
  } catch (error) {
    const { code } = error as grpc.ServiceError;
    if (code === grpc.status.DEADLINE_EXCEEDED || code === grpc.status.CANCELLED) return null;
    if (code === grpc.status.NOT_FOUND) return FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED;
    throw error;
  }
}

function skipping(aheadMs: number, id: string): TimeSkippingConfig {
  return { enabled: true, maxSessionSkipCount: MAX_SKIPS, fastForwardConfig: { id, duration: durationOf(aheadMs) } };
}

/** Adds the configuration to the two requests that start a countdown; the SDK has no option for it yet. */
const startOnVirtualTime: grpc.Interceptor = (options, nextCall) => {
  const call = nextCall(options);
  const method = options.method_definition.path.split('/').at(-1);
  const rewrite = method === 'StartWorkflowExecution' ? rewriteStart : method === 'ExecuteMultiOperation' ? rewriteMulti : null;
  if (!rewrite) return new grpc.InterceptingCall(call);
  return new grpc.InterceptingCall(call, { sendMessage: (message: Uint8Array, next) => next(Buffer.from(rewrite(message))) });
};

function rewriteStart(message: Uint8Array): Uint8Array {
  const request = StartWorkflowExecutionRequest.decode(message);
  request.timeSkippingConfig = skipping(FIRST_STEP_MS, 'start');
  return StartWorkflowExecutionRequest.encode(request).finish();
}

function rewriteMulti(message: Uint8Array): Uint8Array {
  const request = ExecuteMultiOperationRequest.decode(message);
  for (const { startWorkflow } of request.operations)
    if (startWorkflow) startWorkflow.timeSkippingConfig = skipping(FIRST_STEP_MS, 'start');
  return ExecuteMultiOperationRequest.encode(request).finish();
}

const durationOf = (ms: number) => ({ seconds: Math.floor(ms / 1000) as never, nanos: (ms % 1000) * 1e6 });
