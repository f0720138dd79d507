// The gate, part by part. Each part's output goes to a log; a failing one shows its end. Nothing is skipped silently, and the lab is
// always taken down again.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { countGo, countJest, lastLine, type Count } from './test-count.ts';

const root = resolve(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const logs = join(root, '.tminus/test-logs');
/** A failing part shows this much; the rest is in its log. */
const TAIL_LINES = 60;

/** Jest in ESM mode; what needs the lab or a browser runs after the lab is up. */
const NEEDS_THE_LAB = String.raw`\.(lab|browser|k6|tool)\.test\.ts$`;

interface Part {
  name: string;
  argv: string[];
  cwd?: string;
  env?: Record<string, string>;
  /** How to count; a plain check counts as one. */
  count?: (log: string, code: number) => Count;
}

const jest = (name: string, ...argv: string[]): Part => {
  const results = join(logs, `${name}.json`);
  return {
    name,
    argv: [process.execPath, '--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), '--json', `--outputFile=${results}`, ...argv],
    count: () => countJest(readFileSync(results, 'utf8')),
  };
};

const checks: Part[] = [
  { name: 'types', argv: [bin('tsc'), '--noEmit'] },
  { name: 'lint', argv: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'format', argv: [bin('oxfmt'), '--check'] },
  { name: 'unused', argv: [bin('knip')] },
  { name: 'go-vet', argv: ['go', 'vet', './...'], cwd: join(root, 'lab/target') },
  { name: 'go-test', argv: ['go', 'test', '-json', './...'], cwd: join(root, 'lab/target'), env: goTestServers(), count: (log) => countGo(log) },
  jest('unit', `--testPathIgnorePatterns=${NEEDS_THE_LAB}`, '--testPathIgnorePatterns=/node_modules/'),
];

/** Tools whose builds take minutes when cold; they start at once and leave the checks the better part of the cores. */
const TOOLS = ['etcd', 'kube-apiserver', 'temporal-server', 'k6', 'prometheus', 'alertmanager', 'docker-compose'];

function goTestServers(): Record<string, string> {
  return { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' };
}

process.exitCode = await gate();

async function gate(): Promise<number> {
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const tools = buildTools();
  const counts: Count[] = [];
  for (const part of checks) counts.push(await run(part));
  counts.push(await tools);
  try {
    const up = await run({ name: 'lab-up', argv: [join(root, 'scripts/lab'), 'up'] });
    counts.push(up);
    const env = { TMINUS_TOOL_K6: await pathOf('k6'), TMINUS_TOOL_PROMETHEUS: await pathOf('prometheus'), TMINUS_TOOL_DOCKER_COMPOSE: await pathOf('docker-compose') };
    counts.push(await run({ ...jest('lab', '--runInBand', `--testMatch=**/*.{lab,browser,k6,tool}.test.ts`), env }));
  } finally {
    counts.push(await run({ name: 'lab-down', argv: [join(root, 'scripts/lab'), 'down'] }));
  }
  for (const { skipped } of counts) for (const reason of skipped) say(`skipped  ${reason}`);
  say(lastLine(counts));
  return counts.some(({ failed }) => failed > 0) ? 1 : 0;
}

async function buildTools(): Promise<Count> {
  for (const tool of TOOLS) {
    const { failed } = await run({ name: `tool-${tool}`, argv: ['nice', '-n', '10', join(root, 'scripts/lab'), 'tool', tool] });
    if (failed > 0) return { passed: 0, failed: 1, skipped: [] };
  }
  return { passed: 1, failed: 0, skipped: [] };
}

async function run({ name, argv, cwd = root, env = {}, count }: Part): Promise<Count> {
  const began = Date.now();
  const log = join(logs, `${name}.log`);
  const code = await exitCodeOf(argv, cwd, env, log);
  const text = readFileSync(log, 'utf8');
  const counted = counts(count, text, code);
  const ok = code === 0 && counted.failed === 0;
  say(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(22)} ${`${counted.passed} passed, ${counted.failed} failed`.padEnd(26)} ${((Date.now() - began) / 1000).toFixed(0)} s`);
  if (!ok) say(text.split('\n').slice(-TAIL_LINES).join('\n'));
  return ok || counted.failed > 0 ? counted : { ...counted, failed: 1 };
}

function counts(count: Part['count'], text: string, code: number): Count {
  if (!count) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] };
  try {
    return count(text, code);
  } catch (error) {
    say(`the results cannot be read: ${String(error)}`);
    return { passed: 0, failed: 1, skipped: [] };
  }
}

function exitCodeOf([command = '', ...argv]: string[], cwd: string, env: Record<string, string>, log: string): Promise<number> {
  const file = openSync(log, 'w');
  const child = spawn(command, argv, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', file, file] });
  return new Promise((done) => {
    child.once('error', (error) => {
      say(`${command} cannot be started: ${error.message}`);
      done(127);
    });
    child.once('exit', (code) => {
      closeSync(file);
      done(code ?? 1);
    });
  });
}

async function pathOf(tool: string): Promise<string> {
  const log = join(logs, `path-${tool}.log`);
  const code = await exitCodeOf([join(root, 'scripts/lab'), 'tool', tool], root, {}, log);
  return code === 0 ? (readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '') : '';
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
