// The alert bridge: `node workers/alert-bridge-main.ts`. Alertmanager posts its webhook to /alerts/<target>, and the bridge delivers to that target of
// the environment file. It needs no Temporal, no kubeconfig and no key.
//   TMINUS_ENVIRONMENT           the environment file: spec.notify and spec.alertBridge   (default .tminus/environment.yaml)
//   TMINUS_ALERT_BRIDGE_ADDRESS  where it listens                                         (default 127.0.0.1:7481)
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BridgeRefused } from '../activities/alert-bridge/bridge-token.ts';
import { DEFAULT_ADDRESS, startAlertBridge } from '../activities/alert-bridge/start.ts';
import { loadEnvironment } from '../release/load.ts';

const file = resolve(process.env['TMINUS_ENVIRONMENT'] ?? '.tminus/environment.yaml');
const text = await readFile(file, 'utf8').catch((error: Error) =>
  fail(`cannot read the environment file ${file}: ${error.message}; set TMINUS_ENVIRONMENT`),
);
const loaded = loadEnvironment(text, file);
if (!loaded.ok) fail(loaded.problems.map(({ text }) => text).join('\n'));
const bridge = await startAlertBridge({
  address: process.env['TMINUS_ALERT_BRIDGE_ADDRESS'] ?? DEFAULT_ADDRESS,
  environment: loaded.environment,
  environmentFolder: dirname(file),
  log: (line) => process.stderr.write(`${line}\n`),
}).catch((error: unknown) => {
  if (error instanceof BridgeRefused) fail(error.message);
  throw error;
});
process.stdout.write(`alert bridge ready: ${bridge.url}, targets ${Object.keys(loaded.environment.spec.notify).join(', ')}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void bridge.close());

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
