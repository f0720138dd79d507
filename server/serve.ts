// The server process: `node server/serve.ts`. Configured by environment variables:
//   TMINUS_ENVIRONMENT  the environment file: evidence, tokens, keys   (default .tminus/environment.yaml)
//   TMINUS_PORT         port of page and API                           (default 7480)
//   TMINUS_HOST         listen address; any other than loopback requires an https TMINUS_PAGE_BASE
//   TMINUS_PAGE_BASE    address for people
//   TMINUS_METRICS_ADDRESS  listen address of /metrics, such as 127.0.0.1:9480 (default none)
//   TEMPORAL_*, TMINUS_PAYLOAD_KEYS  connection to Temporal            (activities/temporal/settings.ts)
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { evidenceFolder } from '../activities/evidence/evidence-folder.ts';
import { serveMetrics } from '../activities/metrics/serve-metrics.ts';
import { SettingsRefused, temporalSettings } from '../activities/temporal/settings.ts';
import { startPolicyOf } from '../release/start-policy.ts';
import { loadEnvironment } from '../release/load.ts';
import { loadSigner } from './identity/signing.ts';
import { createToken, tokenFileIdentity } from './identity/tokens.ts';
import { ServerRefused, startServer } from './main.ts';
import { createMeasurement } from './metrics/measure.ts';
import { serverMetrics } from './metrics/registry.ts';
import { temporalGateway } from './temporal/gateway.ts';
import { virtualTimeClient } from './temporal/virtual-time.ts';

const env = process.env;
const file = resolve(env['TMINUS_ENVIRONMENT'] ?? '.tminus/environment.yaml');

const text = await readFile(file, 'utf8').catch((error: Error) =>
  fail(`cannot read the environment file ${file}: ${error.message}; TMINUS_ENVIRONMENT sets its path`),
);
const loaded = loadEnvironment(text, file);
if (!loaded.ok) fail(loaded.problems.map(({ text }) => text).join('\n'));
const { evidence, identity } = loaded.environment.spec;
const at = (path: string) => resolve(dirname(file), path);

firstToken(at(identity.tokens));
const temporal = await temporalSettings(env).catch((error: unknown) => {
  if (error instanceof SettingsRefused) fail(error.message);
  throw error;
});
const { namespace, encryption } = temporal;
const connection = Connection.lazy(temporal.connection);
const countdowns = temporalGateway({
  client: new Client({ connection, namespace, ...(encryption === null ? {} : { dataConverter: encryption }) }),
  rehearsalClient: virtualTimeClient(temporal.connection, namespace, encryption),
});
const folder = evidenceFolder(at(evidence.folder));
const metricsAddress = env['TMINUS_METRICS_ADDRESS'];
if (metricsAddress) {
  const clusters = Object.keys(loaded.environment.spec.clusters);
  await serveMetrics(metricsAddress, serverMetrics(createMeasurement({ countdowns, folder, clusters, now: Date.now }))).catch(
    (error: Error) => fail(error.message),
  );
}
const server = await startServer({
  port: Number(env['TMINUS_PORT'] ?? 7480),
  ...(env['TMINUS_HOST'] ? { host: env['TMINUS_HOST'] } : {}),
  ...(env['TMINUS_PAGE_BASE'] ? { pageBase: env['TMINUS_PAGE_BASE'] } : {}),
  countdowns,
  evidencePath: at(evidence.folder),
  folder,
  startPolicy: startPolicyOf(loaded.environment),
  identity: tokenFileIdentity(at(identity.tokens)),
  signer: loadSigner({ signingKey: at(identity.signingKey), publicKeys: at(identity.publicKeys) }),
}).catch((error: unknown) => {
  if (error instanceof ServerRefused) fail(error.message);
  throw error;
});
process.stdout.write(`server ready: ${server.url}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(
    signal,
    () =>
      void server
        .close()
        .then(() => connection.close())
        .then(() => process.exit(0)),
  );
}

/** Creates a token for the user of this machine where there is no token file, and stores it for the CLI (mode 600). */
function firstToken(tokens: string): void {
  if (existsSync(tokens)) return;
  const subject = userInfo().username;
  const token = createToken(tokens, { subject, displayName: subject, groups: [] });
  const home = resolve(env['TMINUS_HOME'] ?? '.tminus');
  mkdirSync(home, { recursive: true });
  writeFileSync(resolve(home, 'token'), `${token}\n`, { mode: 0o600 });
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
