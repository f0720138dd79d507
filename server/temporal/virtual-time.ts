// Virtual time for rehearsals: the Temporal server itself skips the waits of one countdown. Nothing in the countdown knows of it.
import { randomUUID } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import proto from '@temporalio/proto';

const { StartWorkflowExecutionRequest, ExecuteMultiOperationRequest } = proto.temporal.api.workflowservice.v1;
const { FastForwardPollingResult } = proto.temporal.api.enums.v1;
type TimeSkippingConfig = proto.temporal.api.common.v1.ITimeSkippingConfig;

/** A 72-hour countdown skips about ten times; this is far above and still ends a loop of skips. */
const MAX_SKIPS = 10_000;

/** A rehearsal starts with its clock (nearly) standing: whoever rehearses says how far it may run. */
const FIRST_STEP_MS = 1_000;

/** One call waits this long for virtual time to arrive, then asks again: below the server's long-poll limit. */
const POLL_MS = 15_000;

/** A client whose countdowns start on virtual time. Its server must allow it (`frontend.WorkflowTimeSkippingEnabled`). */
export function virtualTimeClient(connection: ConnectionOptions, namespace: string, dataConverter: DataConverter | null = null): Client {
  return new Client({
    connection: Connection.lazy({ ...connection, interceptors: [startOnVirtualTime] }),
    namespace,
    ...(dataConverter === null ? {} : { dataConverter }),
  });
}

/**
 * Lets the virtual clock of one countdown run ahead by `aheadMs` and answers when it has arrived there, or has ended before. Work in
 * flight holds the clock, so arriving takes as long as the steps on the way take. Afterwards time runs at its usual pace.
 */
export async function advance(client: Client, workflowId: string, aheadMs: number): Promise<'arrived' | 'ended'> {
  const id = await letRun(client, workflowId, aheadMs);
  for (;;) {
    const result = await poll(client, { workflowId }, id);
    if (result === FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED) return 'arrived';
    if (result === FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED) return 'ended';
  }
}

/** Sets the clock off and answers at once; `poll` tells when it has arrived. */
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

/** Null when this call's time was over before anything was known. */
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

/** Adds the configuration to the two requests that can start a countdown; the SDK has no option for it yet. */
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
