// One process, up to three kinds of queue: the countdowns themselves, what must be near a cluster, and the load generator.
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { TemporalSettings } from '../activities/temporal/settings.ts';
import type { Environment } from '../release/environment.ts';
import { clusterTaskQueue, LOAD_TASK_QUEUE, WORKFLOW_TASK_QUEUE } from '../workflows/messages.ts';
import { assembleActivities, type AssembledActivities } from './activities.ts';
import { loadScripts, type LoadScripts } from './load-scripts.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { Role } from './roles.ts';
import { DEPLOYMENT_NAME, settleCurrent, workflowBuildId } from './version.ts';
import { keptBundle } from './workflow-bundle.ts';

export interface StartWorkersOptions {
  temporal: TemporalSettings;
  environment: Environment;
  /** Paths in the environment file are relative to its folder. */
  environmentFolder: string;
  /** Folder of the audit files. */
  auditFolder: string;
  metrics: WorkerMetrics;
  root: string;
  roles: readonly Role[];
  /** New countdowns start on this version even if the server knows a newer one. */
  makeCurrent: boolean;
}

export interface RunningWorkers {
  /** Settles when all workers have stopped; rejects when one of them fails. */
  done: Promise<void>;
  /** Lets running activities finish or cancel, then stops. */
  shutdown(): Promise<void>;
  buildId: string;
  /** Where load scripts run; null where this process runs none. */
  loadScripts: LoadScripts | null;
  /** The version that new countdowns start on; null where this process runs no countdowns. */
  currentBuildId: string | null;
}

/**
 * A cancelled load test must end within seconds, and the SDK tells an activity of its cancellation only with a heartbeat it lets through
 * (default: every 12 s of a 15 s timeout).
 */
const HEARTBEAT_THROTTLE = '1s';

/** Cached countdowns: 1,000 waiting ones stay under 300 MB; a cache miss costs a whole replay. */
const CACHED_WORKFLOWS = 1_000;

/**
 * After a worker died each countdown that it had in its cache waits once for this long (default: 10 s) before another worker may take it up, a rollback
 * too. A living worker takes up a task within milliseconds; one that is busy for longer costs a replay.
 */
const STICKY_TIMEOUT = '3s';

/** Below a pod's usual 60 s of grace. */
const SHUTDOWN_GRACE = '20s';
const SHUTDOWN_FORCE = '40s';

/** Connects to Temporal and starts a worker per role and cluster. */
export async function startWorkers(options: StartWorkersOptions): Promise<RunningWorkers> {
  const { temporal, environment, root, roles } = options;
  const { namespace, encryption } = temporal;
  const dataConverter = encryption === null ? {} : { dataConverter: encryption };
  const connection = await Connection.connect(temporal.connection);
  const client = new Client({ connection, namespace, ...dataConverter });
  const native = await NativeConnection.connect(temporal.connection);
  const scripts = loadScripts(environment, options.environmentFolder);
  const activities = await assembleActivities({
    ...options,
    client,
    startK6: scripts.startK6,
    seals: roles.some((role) => role !== 'load'),
  });
  const buildId = await workflowBuildId(root);
  const workers = await createWorkers(options, native, activities, buildId);
  const done = Promise.all(workers.map((worker) => worker.run())).then(async () => {
    await native.close();
    await connection.close();
  });
  const current = roles.includes('countdowns')
    ? await Promise.race([settleCurrent(client, buildId, { always: options.makeCurrent }), done])
    : undefined;
  return {
    done,
    buildId,
    loadScripts: roles.includes('load') ? scripts : null,
    currentBuildId: current ?? null,
    shutdown: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done;
    },
  };
}

async function createWorkers(
  { temporal: { namespace, encryption }, environment, root, roles }: StartWorkersOptions,
  connection: NativeConnection,
  activities: AssembledActivities,
  buildId: string,
): Promise<Worker[]> {
  const common = {
    connection,
    namespace,
    ...(encryption === null ? {} : { dataConverter: { ...encryption, payloadCodecs: encryption.workerCodecs } }),
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
  } satisfies Partial<WorkerOptions>;
  const workers: Worker[] = [];
  if (roles.includes('countdowns'))
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: WORKFLOW_TASK_QUEUE,
        workflowBundle: await keptBundle(root, buildId, new DefaultLogger('WARN'), encryption?.failureConverterPath ?? null),
        activities: activities.bookkeeping,
        maxCachedWorkflows: CACHED_WORKFLOWS,
        stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
        workerDeploymentOptions: {
          version: { deploymentName: DEPLOYMENT_NAME, buildId },
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'PINNED',
        },
      }),
    );
  if (roles.includes('clusters'))
    for (const cluster of Object.keys(environment.spec.clusters))
      workers.push(await Worker.create({ ...common, taskQueue: clusterTaskQueue(cluster), activities: activities.cluster }));
  // One load test at a time: two on one machine would measure each other.
  if (roles.includes('load'))
    workers.push(
      await Worker.create({ ...common, taskQueue: LOAD_TASK_QUEUE, activities: activities.load, maxConcurrentActivityTaskExecutions: 1 }),
    );
  return workers;
}
