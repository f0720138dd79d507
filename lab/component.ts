// A part of the lab that runs as a process, as data; and the one runner for all of them.
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
  /** Answers undefined when ready, else what is still waited for. */
  ready: () => Promise<string | undefined>;
  /** Components that must be ready before this one is started. */
  after?: string[];
  /** What must be done before a start, and how people are told of it when it takes long. */
  prepare?: { what: string; work: () => Promise<void> };
  env?: NodeJS.ProcessEnv;
  /** The signal that ends it in an orderly way; SIGTERM unless said otherwise. */
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
  readyWithinMs: number;
  tellEveryMs: number;
}

/**
 * The slowest start seen on two busy cores is 9 s (kubelet until the node is ready); a minute more is a hang. People wonder after about five silent
 * seconds.
 */
const PATIENCE: Patience = { readyWithinMs: 90_000, tellEveryMs: 5_000 };
const POLL_MS = 100;
/** Orderly ends took at most 2 s (etcd, PostgreSQL); after 10 s it hangs. */
const END_WITHIN_MS = 10_000;
const LOG_TAIL_LINES = 8;

/** Starts what does not run, each as soon as those before it are ready. Answers the names started. */
export async function startAll(
  lab: LabPaths,
  components: Component[],
  tell: (line: string) => void,
  patience: Patience = PATIENCE,
): Promise<string[]> {
  const started: string[] = [];
  const ready = new Map<string, Promise<void>>();
  for (const component of components) {
    const before = (component.after ?? []).map(
      (name) => ready.get(name) ?? Promise.reject(new Error(`${component.name} comes after ${name}, which is not listed before it`)),
    );
    const begun = Promise.all(before).then(async () => {
      if (await start(lab, component, tell, patience)) started.push(component.name);
    });
    // Awaited below by Promise.all; until then a failure must not count as unhandled.
    begun.catch(() => undefined);
    ready.set(component.name, begun);
  }
  await Promise.all(ready.values());
  return started;
}

/** Starts one component unless it runs, and waits until it is ready. True when it was started here. */
export async function start(
  lab: LabPaths,
  component: Component,
  tell: (line: string) => void,
  patience: Patience = PATIENCE,
): Promise<boolean> {
  const record = readRecord(lab, component.name);
  const runs = record !== undefined && isAlive(record.identity);
  const began = Date.now();
  if (!runs) await prepare(component, tell, patience);
  const identity = runs ? record.identity : await launch(lab, component);
  await untilReady(lab, component, identity, tell, patience);
  if (!runs) tell(`up    ${component.name.padEnd(18)} ready in ${seconds(began)} s`);
  return !runs;
}

/** Takes as long as it takes: compiling the images of a lab's first start is minutes on a busy machine. */
async function prepare({ name, prepare: first }: Component, tell: (line: string) => void, { tellEveryMs }: Patience): Promise<void> {
  if (!first) return;
  const began = Date.now();
  const telling = setInterval(() => tell(`wait  ${name.padEnd(18)} ${first.what}, ${seconds(began)} s`), tellEveryMs);
  try {
    await first.work();
  } finally {
    clearInterval(telling);
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
  tell: (line: string) => void,
  { readyWithinMs, tellEveryMs }: Patience,
): Promise<void> {
  const began = Date.now();
  let toldAt = began;
  for (;;) {
    const missing = await component.ready();
    if (missing === undefined) return;
    if (!isAlive(identity)) throw new Error(`${component.name} ended before it was ready${tail(lab, component.name)}`);
    if (Date.now() - began > readyWithinMs)
      throw new Error(`${component.name} is not ready after ${seconds(began)} s: ${missing}${tail(lab, component.name)}`);
    if (Date.now() - toldAt > tellEveryMs) {
      tell(`wait  ${component.name.padEnd(18)} ${missing}, ${seconds(began)} s of at most ${readyWithinMs / 1000} s`);
      toldAt = Date.now();
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Ends one component in its orderly way. Nothing happens when it does not run. */
export async function stop(lab: LabPaths, name: string): Promise<void> {
  const record = readRecord(lab, name);
  if (record) await endProcess(record.identity, record.endSignal, END_WITHIN_MS);
  rmSync(recordFile(lab, name), { force: true });
}

/** Kills one component as a crash would (SIGKILL). Answers false when it did not run. */
export async function killNow(lab: LabPaths, name: string): Promise<boolean> {
  const record = readRecord(lab, name);
  if (!record || !signalProcess(record.identity, 'SIGKILL')) return false;
  if (!(await waitUntilEnded(record.identity, END_WITHIN_MS)))
    throw new Error(`${name} (process ${record.identity.pid}) does not end by SIGKILL`);
  return true;
}

/** Every component that was started on this machine and not stopped since, dead or alive. */
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

/** Bytes at the end of a log that surely hold its last lines. */
const TAIL_BYTES = 16_384;

function tail(lab: LabPaths, name: string): string {
  const file = logOf(lab, name);
  const text = readFileSync(file).subarray(-TAIL_BYTES).toString();
  const size = statSync(file).size;
  return `; the end of ${file} (${size} bytes) says:\n${text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')}`;
}
