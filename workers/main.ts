// The worker process: `node workers/main.ts`. Configured by environment variables, as every deployment has them.
//   TMINUS_ENVIRONMENT  the environment file                     (default .tminus/environment.yaml)
//   TMINUS_HOME         folder of the audit files                (default .tminus)
//   TMINUS_ROLES        countdowns,clusters,load                 (default all)
//   TMINUS_MAKE_CURRENT 1: new countdowns start on this version even if a newer one is known (default: the newest)
//   TMINUS_METRICS_ADDRESS     serve /metrics there, such as 127.0.0.1:9481            (default none)
//   TMINUS_SDK_METRICS_ADDRESS serve the Temporal SDK's own metrics there              (default none)
//   TEMPORAL_*, TMINUS_PAYLOAD_KEYS  how Temporal is reached     (activities/temporal/settings.ts)
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { serveMetrics } from '../activities/metrics/serve-metrics.ts';
import { SettingsRefused, temporalSettings } from '../activities/temporal/settings.ts';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { loadEnvironment } from '../release/load.ts';
import { NamespaceNotReady, registerNamespace } from './namespace.ts';
import { workerMetrics } from './metrics.ts';
import { rolesOf, UnknownRole, type Role } from './roles.ts';
import { startWorkers } from './start-workers.ts';

const env = process.env;
const file = resolve(env['TMINUS_ENVIRONMENT'] ?? '.tminus/environment.yaml');
const roles = readRoles();

Runtime.install({
  logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
    // Queues for acts near a cluster have no workflows, on purpose.
    if (!message.startsWith('No workflows registered')) process.stderr.write(`${JSON.stringify({ level, message, ...meta })}\n`);
  }),
  telemetryOptions: {
    logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
    ...(env['TMINUS_SDK_METRICS_ADDRESS']
      ? {
          metrics: {
            prometheus: {
              bindAddress: env['TMINUS_SDK_METRICS_ADDRESS'],
              countersTotalSuffix: true,
              unitSuffix: true,
              useSecondsForDurations: true,
            },
          },
        }
      : {}),
  },
  shutdownSignals: [],
});

const text = await readFile(file, 'utf8').catch((error: Error) =>
  fail(`cannot read the environment file ${file}: ${error.message}; set TMINUS_ENVIRONMENT`),
);
const loaded = loadEnvironment(text, file);
if (!loaded.ok) fail(loaded.problems.map(({ text }) => text).join('\n'));
const temporal = await temporalSettings(env).catch(refused(SettingsRefused));
const { address } = temporal.connection;
const connection = await Connection.connect(temporal.connection).catch((error: Error) =>
  fail(`cannot reach the Temporal server at ${address}: ${error.message}; set TEMPORAL_ADDRESS, and TEMPORAL_TLS_* for TLS`),
);
await registerNamespace(connection, temporal.namespace).catch(refused(NamespaceNotReady));
await connection.close();

const metrics = workerMetrics(Object.keys(loaded.environment.spec.notify));
const metricsAddress = env['TMINUS_METRICS_ADDRESS'];
const metricsServer = metricsAddress
  ? await serveMetrics(metricsAddress, metrics.registry).catch((error: Error) => fail(error.message))
  : null;
const workers = await startWorkers({
  temporal,
  metrics,
  environment: loaded.environment,
  environmentFolder: dirname(file),
  auditFolder: resolve(env['TMINUS_HOME'] ?? '.tminus', 'audit'),
  root: resolve(import.meta.dirname, '..'),
  roles,
  makeCurrent: env['TMINUS_MAKE_CURRENT'] === '1',
});
process.stdout.write(`worker ready: ${roles.join(', ')}, version ${workers.buildId}\n`);
// On stderr, which `tminus dev` passes on.
if (workers.loadScripts !== null)
  (workers.loadScripts.separated ? process.stdout : process.stderr).write(`${workers.loadScripts.message}\n`);
if (workers.currentBuildId !== null && workers.currentBuildId !== workers.buildId)
  process.stdout.write(
    `new countdowns start on version ${workers.currentBuildId}, which is newer; TMINUS_MAKE_CURRENT=1 makes this version current\n`,
  );
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void workers.shutdown());
await workers.done;
await metricsServer?.close();

function readRoles(): Role[] {
  try {
    return rolesOf(env['TMINUS_ROLES']);
  } catch (error) {
    return refused(UnknownRole)(error);
  }
}

/** A refusal is a message; all else is a bug. */
function refused(modelled: new (message: string) => Error): (error: unknown) => never {
  return (error) => {
    if (error instanceof modelled) fail(error.message);
    throw error;
  };
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
