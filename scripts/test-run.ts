// The gate, part by part: `scripts/test` runs all parts, `scripts/check` those that need neither tools nor lab. A part that cannot run has
// failed. The lab is stopped again, also after Ctrl-C, unless it was running before.
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pMap from 'p-map';
import { network, paths, ports, status, toolPath } from '../lab/index.ts';
import { buildsAtOnce } from '../lab/side-by-side.ts';
import { tools } from '../lab/tools/tools.ts';
import { lastLine, type Count } from './test-count.ts';
import { runPart, type Ran } from './test-part.ts';
import {
  browserPart,
  checkParts,
  goTestPart,
  labDown,
  labParts,
  labUp,
  programPart,
  toolPart,
  type Part,
  type Place,
} from './test-parts.ts';

const root = resolve(import.meta.dirname, '..');
const place: Place = { root, logs: join(root, '.tminus/test-logs'), node: process.execPath };
/** The target's tests write only to this database. */
const DATABASE = 'go_test';
const interrupted = new AbortController();
const counts: Count[] = [];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    print('interrupted; cleaning up');
    interrupted.abort();
  });
}
rmSync(place.logs, { recursive: true, force: true });
mkdirSync(place.logs, { recursive: true });
await (process.argv[2] === '--quick' ? quickGate() : wholeGate());
for (const { skipped } of counts) for (const test of skipped) print(`skipped  ${test}`);
process.exitCode = counts.some(({ failed }) => failed > 0) ? 1 : 0;
print(lastLine(counts));

async function quickGate(): Promise<void> {
  for (const part of checkParts(place)) await run(part);
  await run(goTestPart(place));
}

async function wholeGate(): Promise<void> {
  const built = buildTools();
  for (const part of checkParts(place)) await run(part);
  const env = await built;
  const wasUp = status().owner === paths().checkout;
  try {
    // Page tests mostly wait, and measure nothing.
    const [up] = await Promise.all([run(labUp(place)), run(browserPart(place))]);
    await run({ ...programPart(place), env });
    // Without a lab each of them would fail for the same reason an hour later.
    for (const part of [...labParts(place), databasePart(), goTestPart(place, realServers())]) {
      if (up.failed === 0) await run({ ...part, env: { ...part.env, ...env } });
      else note({ name: part.name, seconds: 0, passed: 0, failed: 1, skipped: [], reason: 'the lab did not start', tail: '' });
    }
  } finally {
    if (wasUp) print('          the lab was running before and keeps running');
    else note(await runPart(labDown(place), place, new AbortController().signal));
  }
}

/** Builds every tool while the checks run; answers the paths of those that tests start themselves. */
async function buildTools(): Promise<Record<string, string>> {
  // Longest first, as many at once as memory allows.
  const longestFirst = tools.toSorted((a, b) => b.buildCpuSeconds - a.buildCpuSeconds);
  await pMap(longestFirst, ({ name }) => run(toolPart(place, name)), { concurrency: buildsAtOnce() });
  const env: Record<string, string> = {};
  for (const [variable, binary] of Object.entries({
    TMINUS_TOOL_K6: 'k6',
    TMINUS_TOOL_TEMPORAL_SERVER: 'temporal-server',
    TMINUS_TOOL_PROMETHEUS: 'prometheus',
    TMINUS_TOOL_PROMTOOL: 'promtool',
    TMINUS_TOOL_ALERTMANAGER: 'alertmanager',
    TMINUS_TOOL_JAEGER: 'jaeger',
    TMINUS_TOOL_COMPOSE: 'docker-compose',
  })) {
    if (interrupted.signal.aborted) break;
    // A failed build has been counted above; tests that need the tool fail with its name.
    await toolPath(binary, () => undefined).then(
      (path) => (env[variable] = path),
      (error: Error) => print(`          ${error.message.split('\n')[0]}`),
    );
  }
  return env;
}

/** An empty database in the lab's PostgreSQL for the target's tests. */
function databasePart(): Part {
  const psql = ['psql', '-h', network.address, '-p', String(ports.postgres), '-U', 'postgres', '-q', '-v', 'ON_ERROR_STOP=1'];
  return {
    name: 'go-test database',
    argv: [...psql, '-c', `drop database if exists ${DATABASE} with (force)`, '-c', `create database ${DATABASE}`],
    timeoutMs: 60_000,
  };
}

function realServers(): Record<string, string> {
  return {
    TEST_DATABASE_URL: `postgres://postgres@${network.address}:${ports.postgres}/${DATABASE}`,
    // 9: the shop uses 0 and 1.
    TEST_REDIS_URL: `redis://${network.address}:${ports.redis}/9`,
  };
}

async function run(part: Part): Promise<Ran> {
  return note(await runPart(part, place, interrupted.signal));
}

function note(ran: Ran): Ran {
  counts.push(ran);
  const { name, passed, failed, seconds, reason, tail } = ran;
  const outcome = `${failed === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(18)}`;
  const counted = `${passed} passed, ${failed} failed`.padEnd(24);
  print(`${outcome} ${counted} ${`${seconds.toFixed(0)} s`.padStart(6)}${reason === '' ? '' : `  ${reason}`}`);
  if (tail !== '') print(`${tail}\n        the whole log: .tminus/test-logs/${name.replaceAll(' ', '-')}.log`);
  return ran;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
