// A component of the lab, one process, described as data; and the runner of all components.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareEnvironment } from './command.ts';
import { endProcess, identify, isAlive, signalProcess, waitUntilEnded } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { LabPaths } from './paths.ts';

export interface Component {
  name: string;
  argv: string[];
  /** Answers undefined when ready, else what is missing. */
  ready: () => Promise<string | undefined>;
  /** Components that must be ready before this one is started. */
  after?: string[];
  /** Work before the start, and its description for progress messages. */
  prepare?: { what: string; work: () => Promise<void> };
  env?: NodeJS.ProcessEnv;
  /** Signal for a graceful shutdown. Default: SIGTERM. */
  endSignal?: NodeJS.Signals;
}

export interface ComponentState {
  name: string;
  alive: boolean;
  pid: number;
  log: string;
}

interface ProcessRecord {
  name: string;
  identity: ProcessIdentity;
  log: string;
  endSignal: NodeJS.Signals;
}

export interface Patience {
  /** From the start of the process. */
  readyTimeoutMs: number;
  progressEveryMs: number;
}

/** The slowest start measured on two busy cores is 9 s (kubelet until the node is ready). After about 5 s users expect a progress message. */
const PATIENCE: Patience = { readyTimeoutMs: 90_000, progressEveryMs: 5_000 };
const POLL_MS = 100;
/** A graceful shutdown took at most 2 s (etcd, PostgreSQL). */
const END_TIMEOUT_MS = 10_000;
const LOG_TAIL_LINES = 8;

/** Starts every component that does not run, each as soon as those in its `after` are ready. Answers the started names. */
export async function startAll(
  lab: LabPaths,
  components: Component[],
  progress: (line: string) => void,
  patience: Patience = PATIENCE,
): Promise<string[]> {
  const started: string[] = [];
  const ready = new Map<string, Promise<void>>();
  for (const component of components) {
    const before = (component.after ?? []).map(
      (name) => ready.get(name) ?? Promise.reject(new Error(`${component.name} is to start after ${name}, which is not listed before it`)),
    );
    const begun = Promise.all(before).then(async () => {
      if (await start(lab, component, progress, patience)) started.push(component.name);
    });
    // Promise.all below handles a failure; until then it must not count as unhandled.
    begun.catch(() => undefined);
    ready.set(component.name, begun);
  }
  await Promise.all(ready.values());
  return started;
}

/** Starts one component unless it runs, and waits until it is ready. True when this call started it. */
export async function start(
  lab: LabPaths,
  component: Component,
  progress: (line: string) => void,
  patience: Patience = PATIENCE,
): Promise<boolean> {
  const record = readRecord(lab, component.name);
  const runs = record !== undefined && isAlive(record.identity);
  const began = Date.now();
  if (!runs) await prepare(component, progress, patience);
  const identity = runs ? record.identity : await launch(lab, component);
  await untilReady(lab, component, identity, { progress, ...patience });
  if (!runs) progress(`up    ${component.name.padEnd(18)} ready in ${seconds(began)} s`);
  return !runs;
}

/** Without a timeout: compiling images takes minutes on a busy machine. */
async function prepare(
  { name, prepare: first }: Component,
  progress: (line: string) => void,
  { progressEveryMs }: Patience,
): Promise<void> {
  if (!first) return;
  const began = Date.now();
  const timer = setInterval(() => progress(`wait  ${name.padEnd(18)} ${first.what}, ${seconds(began)} s`), progressEveryMs);
  try {
    await first.work();
  } finally {
    clearInterval(timer);
  }
}

async function launch(lab: LabPaths, component: Component): Promise<ProcessIdentity> {
  mkdirSync(lab.processes, { recursive: true });
  mkdirSync(lab.logs, { recursive: true });
  const log = openSync(logOf(lab, component.name), 'a');
  const [program = '', ...args] = component.argv;
  const child = spawn(program, args, {
    cwd: lab.data,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...bareEnvironment, ...component.env },
  });
  closeSync(log);
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${component.name} does not start: ${error.message}`)));
  });
  child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (!identity) throw new Error(`${component.name} ended before it was ready${tail(lab, component.name)}`);
  const record: ProcessRecord = {
    name: component.name,
    identity,
    log: logOf(lab, component.name),
    endSignal: component.endSignal ?? 'SIGTERM',
  };
  writeFileSync(recordFile(lab, component.name), JSON.stringify(record));
  return identity;
}

async function untilReady(
  lab: LabPaths,
  component: Component,
  identity: ProcessIdentity,
  { progress, readyTimeoutMs, progressEveryMs }: Patience & { progress: (line: string) => void },
): Promise<void> {
  const began = Date.now();
  let printedAt = began;
  for (;;) {
    const missing = await component.ready();
    if (missing === undefined) return;
    if (!isAlive(identity)) throw new Error(`${component.name} ended before it was ready${tail(lab, component.name)}`);
    if (Date.now() - began > readyTimeoutMs)
      throw new Error(`${component.name} is not ready after ${seconds(began)} s: ${missing}${tail(lab, component.name)}`);
    if (Date.now() - printedAt > progressEveryMs) {
      progress(`wait  ${component.name.padEnd(18)} ${missing}, ${seconds(began)} s of at most ${readyTimeoutMs / 1000} s`);
      printedAt = Date.now();
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Shuts one component down gracefully. Does nothing when it does not run. */
export async function stop(lab: LabPaths, name: string): Promise<void> {
  const record = readRecord(lab, name);
  if (record) await endProcess(record.identity, record.endSignal, END_TIMEOUT_MS);
  rmSync(recordFile(lab, name), { force: true });
}

/** Kills one component with SIGKILL, as a crash would. Answers false when it did not run. */
export async function killNow(lab: LabPaths, name: string): Promise<boolean> {
  const record = readRecord(lab, name);
  if (!record || !signalProcess(record.identity, 'SIGKILL')) return false;
  if (!(await waitUntilEnded(record.identity, END_TIMEOUT_MS)))
    throw new Error(`${name} (process ${record.identity.pid}) did not end within ${END_TIMEOUT_MS / 1000} s of SIGKILL`);
  return true;
}

/** Every component that was started on this machine and not stopped since, whether it still runs or not. */
export function componentStates(lab: LabPaths): ComponentState[] {
  if (!existsSync(lab.processes)) return [];
  const names = readdirSync(lab.processes)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
  return names.flatMap((name) => {
    const record = readRecord(lab, name);
    return record ? [{ name, alive: isAlive(record.identity), pid: record.identity.pid, log: record.log }] : [];
  });
}

function readRecord(lab: LabPaths, name: string): ProcessRecord | undefined {
  if (!existsSync(recordFile(lab, name))) return undefined;
  return JSON.parse(readFileSync(recordFile(lab, name), 'utf8')) as ProcessRecord;
}

const recordFile = (lab: LabPaths, name: string) => join(lab.processes, `${name}.json`);
const logOf = (lab: LabPaths, name: string) => join(lab.logs, `${name}.log`);
const seconds = (began: number) => ((Date.now() - began) / 1000).toFixed(1);

/** More than the last lines of any component's log. */
const TAIL_BYTES = 16_384;

function tail(lab: LabPaths, name: string): string {
  const file = logOf(lab, name);
  const text = readFileSync(file).subarray(-TAIL_BYTES).toString();
  const size = statSync(file).size;
  return `; the end of ${file} (${size} bytes):\n${text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')}`;
}
