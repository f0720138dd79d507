// Assembles the activities: the one place that connects the environment file with every outside system.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import { storeAudit } from '../activities/audit/audit-file.ts';
import { keepRecord } from '../activities/bookkeeping/keep-record.ts';
import { keepLastGood, readLastGood } from '../activities/bookkeeping/last-good.ts';
import { watchCountdown } from '../activities/bookkeeping/watch-countdown.ts';
import { acquireLock, releaseLock } from '../activities/bookkeeping/service-lock.ts';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { createEffectActivities } from '../activities/effects/activities.ts';
import type { EffectActivities } from '../activities/effects/contract.ts';
import { createEffects } from '../activities/effects/registry.ts';
import { undoMessages } from '../activities/effects/undo-messages.ts';
import { countdownRecords } from '../activities/evidence/countdown-records.ts';
import { createFolderEvidenceStore } from '../activities/evidence/folder-store.ts';
import { createRestrictedStore } from '../activities/evidence/restricted.ts';
import { openUndoJournal } from '../activities/evidence/undo-journal.ts';
import { createGuardActivities } from '../activities/guard/run-guard.ts';
import { healthUrl } from '../activities/health.ts';
import { createAdmissionActivities } from '../activities/identity/admit-start.ts';
import { runReader } from '../activities/identity/countdown-runs.ts';
import { signedReader } from '../activities/identity/read-signed.ts';
import { startClaims } from '../activities/identity/start-claims.ts';
import { createIdentityActivities } from '../activities/identity/verify-action.ts';
import { workerKey } from '../activities/identity/worker-key.ts';
import { createClusterClients, readPodLog } from '../activities/kubernetes/client.ts';
import { createKubernetesActivities, fencingGeneration } from '../activities/kubernetes/index.ts';
import { readDeploymentPods } from '../activities/kubernetes/pods.ts';
import type { KubernetesActivities } from '../activities/kubernetes/contract.ts';
import type { DrillActivities } from '../activities/drill/contract.ts';
import { createDrillActivities } from '../activities/drill/judge-drill.ts';
import { createDiagnosisActivities } from '../activities/diagnosis/run-diagnosis.ts';
import { callingWorkflow, runningActivity } from '../activities/running-activity.ts';
import { named } from '../activities/refusal.ts';
import { readSecret } from '../activities/secret.ts';
import { createLoadTestActivities } from '../activities/load-test/activities.ts';
import type { LoadTestDependencies } from '../activities/load-test/dependencies.ts';
import type { StartK6 } from '../activities/load-test/k6-run.ts';
import type { ReadPodLog } from '../activities/load-test/service-log.ts';
import { createNotifyActivities } from '../activities/notify/notify.ts';
import { createPreflightActivities } from '../activities/preflight/run-preflight.ts';
import type { TriggerActivities } from '../activities/triggers/contract.ts';
import { createTriggerActivities } from '../activities/triggers/watch-trigger.ts';
import type { StepActivities } from '../activities/steps-contract.ts';
import type { Environment } from '../release/environment.ts';
import type { WorkerMetrics } from './metrics.ts';
import { WORKFLOW_TASK_QUEUE } from '../workflows/messages.ts';

export interface AssembleOptions {
  client: Client;
  environment: Environment;
  environmentFolder: string;
  auditFolder: string;
  startK6: StartK6;
  metrics: WorkerMetrics;
  /** Whether this worker seals what it captures. False for a worker that only generates load. */
  seals: boolean;
}

export interface AssembledActivities {
  bookkeeping: BookkeepingActivities & DrillActivities;
  cluster: KubernetesActivities & EffectActivities & TriggerActivities & Pick<StepActivities, 'runPreflight' | 'runGuard'>;
  load: Pick<StepActivities, 'runLoadTest' | 'runDiagnosis'>;
}

/** Activities by kind of task queue. Opens no connection before an activity needs it. */
export async function assembleActivities(options: AssembleOptions): Promise<AssembledActivities> {
  const shared = await sharedByActivities(options);
  if (options.seals) shared.trust.key.open();
  return {
    bookkeeping: bookkeepingActivities(options, shared),
    cluster: clusterActivities(options, shared),
    load: loadActivities(options, shared),
  };
}

type Shared = Awaited<ReturnType<typeof sharedByActivities>>;

async function sharedByActivities({ client, environment, environmentFolder }: AssembleOptions) {
  const { spec } = environment;
  const at = (path: string) => resolve(environmentFolder, path);
  const evidenceFolder = at(spec.evidence.folder);
  return {
    evidenceFolder,
    store: createFolderEvidenceStore(evidenceFolder),
    clients: createClusterClients(environment, environmentFolder),
    signingKeyPem: await readFile(at(spec.identity.signingKey), 'utf8').catch((error: NodeJS.ErrnoException) => {
      // A worker on another machine than the server has no signing key: its audit heads have no signature.
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }),
    trust: {
      reader: signedReader(at(spec.identity.publicKeys)),
      key: workerKey({ privateKey: at(spec.identity.workerKey), publicKeys: at(spec.identity.workerPublicKeys) }),
      readRun: runReader(client),
      caller: callingWorkflow,
      now: Date.now,
    },
    databaseUrl: async (name: string) => readSecret(named(spec.postgres, 'database', name).url, environmentFolder),
  };
}

function bookkeepingActivities(
  { client, environment, environmentFolder, auditFolder, metrics }: AssembleOptions,
  { evidenceFolder, store, clients, signingKeyPem, trust }: Shared,
): AssembledActivities['bookkeeping'] {
  const lock = {
    client,
    workflowTaskQueue: WORKFLOW_TASK_QUEUE,
    fencingGeneration: (target: Parameters<typeof fencingGeneration>[1]) => fencingGeneration(clients(target.cluster), target),
  };
  return {
    acquireLock: (request) => acquireLock(lock, request),
    releaseLock: (request) => releaseLock(lock, request),
    storeAudit: (release, runId, records) =>
      storeAudit({ folder: auditFolder, ...(signingKeyPem ? { signingKeyPem } : {}) }, release, runId, records),
    notify: metrics.counted(createNotifyActivities({ environment, environmentFolder }).notify),
    keepLastGood: (target, lastGood) => keepLastGood(evidenceFolder, target, lastGood),
    keepRecord: (asked) => keepRecord({ ...trust, client, store, records: countdownRecords(evidenceFolder) }, asked),
    watchCountdown: (input) => watchCountdown({ client, activity: runningActivity }, input),
    ...createDrillActivities({ store }),
    ...createIdentityActivities(trust),
    ...createAdmissionActivities({ ...trust, claims: startClaims(evidenceFolder) }),
  };
}

function clusterActivities(
  { client, environment }: AssembleOptions,
  { evidenceFolder, store, clients, trust }: Shared,
): AssembledActivities['cluster'] {
  return {
    ...createKubernetesActivities({ store, environment, clients }),
    ...createEffectActivities({
      effects: createEffects({
        store,
        restricted: createRestrictedStore(evidenceFolder),
        healthUrl: (target, path) => healthUrl(environment, target, path),
        clients,
        adminPort: (cluster) => adminPortOf(environment, cluster),
        activity: runningActivity,
        now: () => new Date(),
      }),
      journal: openUndoJournal(evidenceFolder),
      messages: undoMessages(client, WORKFLOW_TASK_QUEUE),
      trust,
    }),
    ...createPreflightActivities({ store, environment, clients }),
    ...createGuardActivities({ store, environment, clients }),
    ...createTriggerActivities({ store, environment, clients }),
  };
}

/** Port of the pods that serves switches and faults. */
function adminPortOf({ spec }: Environment, cluster: string): number {
  const { adminPort, pprofPort } = named(spec.clusters, 'cluster', cluster);
  return adminPort ?? pprofPort;
}

function loadActivities(options: AssembleOptions, shared: Shared): AssembledActivities['load'] {
  const { store, databaseUrl, evidenceFolder } = shared;
  return {
    ...createLoadTestActivities((cluster) => loadTestDependencies(options, shared, cluster)),
    ...createDiagnosisActivities({
      store,
      databaseUrl,
      lastGood: (target) => readLastGood(evidenceFolder, target),
      traceStore: (name) => named(options.environment.spec.traces, 'trace store', name),
      evidenceFolder,
    }),
  };
}

/** Ports and the permission to read pod logs are settings of the cluster under load. */
function loadTestDependencies(
  { environment: { spec }, startK6 }: AssembleOptions,
  { store, clients, databaseUrl }: Shared,
  cluster: string,
): LoadTestDependencies {
  const { pprofPort = 0, metricsPort = 0, podLogs = false } = spec.clusters[cluster] ?? {};
  const readLog: ReadPodLog = (target, pod, range) =>
    readPodLog(clients(target.cluster), target.namespace, pod, { container: target.container, ...range });
  return {
    store,
    startK6,
    resolveTarget: (name) => named(spec.targets, 'target', name).url,
    listPods: async (target) => {
      const { pods, others } = await readDeploymentPods(clients(target.cluster), target);
      return [...pods, ...others].filter(({ ip, terminating }) => ip !== '' && !terminating);
    },
    pprofPort,
    metricsPort,
    databaseUrl,
    ...(podLogs ? { readPodLog: readLog } : {}),
  };
}
