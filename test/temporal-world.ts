// A real Temporal server for tests of the countdown: an own namespace per file, real workflows, activities as the test gives them.
import { countdownId } from '../release/countdown-id.ts';
import type { CountdownInput, Start } from '../release/countdown-input.ts';
import type { ActionRequest } from '../verdict/action.ts';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { TemporalSettings } from '../activities/temporal/settings.ts';
import { registerNamespace } from '../workers/namespace.ts';
import { bundleWorkflows } from '../workers/workflow-bundle.ts';
import { virtualTimeClient } from '../server/temporal/virtual-time.ts';
import { canonicalJson, inputDigest } from '../verdict/digest.ts';
import type { Principal } from '../verdict/verdict.ts';
import type { DrillActivities } from '../activities/drill/contract.ts';
import type { TriggerActivities } from '../activities/triggers/contract.ts';
import type { EffectActivities } from '../activities/effects/contract.ts';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import type { KubernetesActivities } from '../activities/kubernetes/contract.ts';
import type { StepActivities } from '../activities/steps-contract.ts';
import { LOAD_TASK_QUEUE, WORKFLOW_TASK_QUEUE, clusterTaskQueue, registerUndoUpdate } from '../workflows/messages.ts';

export const temporalAddress = process.env['TMINUS_TEMPORAL'] ?? '127.0.0.1:7233';

export type FakeActivities = BookkeepingActivities &
  StepActivities &
  KubernetesActivities &
  EffectActivities &
  TriggerActivities &
  DrillActivities;

export interface World {
  client: Client;
  rehearsalClient: Client;
  namespace: string;
  cluster: string;
  address: string;
  bundle: WorkflowBundle;
  /** Runs workers with these activities until `body` is done. */
  withWorkers<T>(activities: Partial<FakeActivities>, body: (running: { stopCluster(): void }) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** @param settings of a Temporal server other than the lab's; its namespace is taken as it is */
export async function temporalWorld(settings?: TemporalSettings): Promise<World> {
  quietRuntime();
  const {
    connection: to,
    namespace,
    encryption,
  } = settings ?? {
    connection: { address: temporalAddress },
    namespace: `test-${randomUUID()}`,
    encryption: null,
  };
  const dataConverter = encryption === null ? {} : { dataConverter: encryption };
  const cluster = 'test';
  const connection = await Connection.connect(to);
  await registerNamespace(connection, namespace);
  const native = await NativeConnection.connect(to);
  const client = new Client({ connection, namespace, ...dataConverter });
  const rehearsalClient = virtualTimeClient(to, namespace, encryption);
  const bundle = await bundleWorkflows(resolve(import.meta.dirname, '..'), silent, encryption?.failureConverterPath ?? null);
  return {
    client,
    rehearsalClient,
    namespace,
    cluster,
    address: to.address,
    bundle,
    async withWorkers(activities, body) {
      const registered: Pick<EffectActivities, 'registerUndo'> = {
        registerUndo: async ({ entry, countdown }) => {
          const handle = client.workflow.getHandle(countdown.workflowId, undefined, { firstExecutionRunId: countdown.firstRunId });
          await handle.executeUpdate(registerUndoUpdate, { args: [entry], updateId: entry.id });
        },
      };
      const queues = [WORKFLOW_TASK_QUEUE, clusterTaskQueue(cluster), LOAD_TASK_QUEUE];
      const workers = await Promise.all(
        queues.map((taskQueue) =>
          Worker.create({
            connection: native,
            namespace,
            ...dataConverter,
            taskQueue,
            activities: { ...registered, ...activities },
            maxHeartbeatThrottleInterval: '1s',
            ...(taskQueue === WORKFLOW_TASK_QUEUE ? { workflowBundle: bundle } : {}),
          }),
        ),
      );
      const runs = workers.slice(1).map((worker) => worker.run());
      try {
        return await workers[0]!.runUntil(() => body({ stopCluster: () => workers[1]!.shutdown() }));
      } finally {
        for (const worker of workers.slice(1)) if (worker.getState() === 'RUNNING') worker.shutdown();
        await Promise.all(runs);
      }
    },
    async close() {
      await rehearsalClient.connection.close();
      await connection.close();
      await native.close();
    },
  };
}

const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

let installed = false;
function quietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({ logger: silent, telemetryOptions: { logging: { filter: 'ERROR' } } });
}

const keys = generateKeyPairSync('ed25519');

/** Signs as the server does; the fakes `verifyAction` and `admit` of tests believe it, tests of their own prove the signature. */
export const signedAction = (act: ActionRequest) => signed(act);

/** Adds the signature of a start. */
export function signedInput(input: Omit<CountdownInput, 'start'>): CountdownInput {
  const start: Start = {
    kind: 'start',
    id: randomUUID(),
    countdown: countdownId(input.release.metadata.name),
    input: inputDigest(input),
    notBefore: new Date().toISOString(),
    issuedAt: new Date().toISOString(),
    notAfter: new Date(Date.now() + 300_000).toISOString(),
  };
  return { ...input, start: signed(start) };
}

function signed(said: ActionRequest | Start) {
  const payload = canonicalJson(said);
  return { payload, keyId: 'test', signature: sign(null, Buffer.from(payload), keys.privateKey).toString('base64') };
}

export const person = (subject: string, groups: string[] = ['release-managers']): Principal => ({
  issuer: 'local',
  subject,
  displayName: subject,
  groups,
  verified: true,
});
