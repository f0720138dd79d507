// Places where a crash test kills or pauses a worker. Without TMINUS_FAILPOINTS they do nothing.
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EffectKind } from '../verdict/undo.ts';

/** A record, not a list, so that a missing kind does not compile. */
const kinds = Object.keys({
  'deployment-image': true,
  'service-switch': true,
  'deployment-environment': true,
  'service-fault': true,
} satisfies Record<EffectKind, true>) as EffectKind[];
const phases = [
  'capture',
  'register',
  'apply-write',
  'apply-read-back',
  'prove',
  'restore-write',
  'restore-read-back',
  'restore-prove',
  'settle',
] as const;
const guardPlaces = ['guard.sample', 'guard.store'] as const;
const sides = ['before', 'after'] as const;

/** A write of an effect; its failpoints are `<place>-write` and `<place>-read-back`. */
export type WritePlace = `${EffectKind}.${'apply' | 'restore'}`;
/** Work with a failpoint before and after it. */
export type FailpointPlace = `${EffectKind}.${(typeof phases)[number]}` | (typeof guardPlaces)[number];
export type Failpoint = `${FailpointPlace}.${(typeof sides)[number]}` | 'load-test.running';

/** Only a launch is proven by an activity of its own; the other kinds read back within their write. */
const isPassed = (kind: EffectKind, phase: string): boolean => phase !== 'prove' || kind === 'deployment-image';
const places: FailpointPlace[] = [
  ...kinds.flatMap((kind) => phases.filter((phase) => isPassed(kind, phase)).map((phase) => `${kind}.${phase}` as const)),
  ...guardPlaces,
];

/** A crash sweep visits each. */
export const failpoints: readonly Failpoint[] = [
  ...places.flatMap((place) => sides.map((side) => `${place}.${side}` as const)),
  'load-test.running',
];

/** Longer than a test needs to react to `.reached`; shorter than the 60 s in which an effect must be restored. */
const PAUSE_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/**
 * Acts on a file of this name in the folder `TMINUS_FAILPOINTS`. Empty: removes it and kills this process with SIGKILL, like a failing machine.
 * `pause`: writes `<name>.reached` beside it and waits until the file is removed, at most 30 s.
 */
export async function failpoint(name: Failpoint): Promise<void> {
  const folder = process.env['TMINUS_FAILPOINTS'];
  if (folder === undefined) return;
  const file = join(folder, name);
  const order = unlessMissing(() => readFileSync(file, 'utf8'));
  if (order === 'pause') return untilRemoved(file);
  // Several activities may pass at once; the one that removes the file kills the process.
  if (order !== undefined && unlessMissing(() => removed(file))) process.kill(process.pid, 'SIGKILL');
}

/** Runs a piece of work between its two failpoints. */
export async function withFailpoints<T>(place: FailpointPlace, work: () => Promise<T>): Promise<T> {
  await failpoint(`${place}.before`);
  const result = await work();
  await failpoint(`${place}.after`);
  return result;
}

function removed(file: string): true {
  unlinkSync(file);
  return true;
}

async function untilRemoved(file: string): Promise<void> {
  writeFileSync(`${file}.reached`, '');
  const deadline = Date.now() + PAUSE_TIMEOUT_MS;
  while (existsSync(file) && Date.now() < deadline) await pause(POLL_MS);
}

function unlessMissing<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
