// Places at which a crash test lets a worker die. Without TMINUS_FAILPOINTS they do nothing.
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { EffectKind } from './effects/contract.ts';

/** A record and not a list, so that a kind without its failpoints does not compile. */
const kinds = Object.keys({ 'deployment-image': true } satisfies Record<EffectKind, true>) as EffectKind[];
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

/** A piece of work with a failpoint on either side. */
export type FailpointPlace = `${EffectKind}.${(typeof phases)[number]}` | (typeof guardPlaces)[number];
export type Failpoint = `${FailpointPlace}.${(typeof sides)[number]}` | 'load-test.running';

const places: FailpointPlace[] = [...kinds.flatMap((kind) => phases.map((phase) => `${kind}.${phase}` as const)), ...guardPlaces];

/** All of them: a crash sweep visits each. */
export const failpoints: readonly Failpoint[] = [
  ...places.flatMap((place) => sides.map((side) => `${place}.${side}` as const)),
  'load-test.running',
];

/**
 * Kills this process with SIGKILL when the folder `TMINUS_FAILPOINTS` holds a file of this name: no cleanup, no heartbeat, as a machine
 * would die. The file is removed first, so that it happens once for each time it is made, and a worker started again goes on.
 */
export function failpoint(name: Failpoint): void {
  const folder = process.env['TMINUS_FAILPOINTS'];
  if (folder !== undefined && taken(join(folder, name))) process.kill(process.pid, 'SIGKILL');
}

/** Runs a piece of work between its two failpoints. */
export async function withFailpoints<T>(place: FailpointPlace, work: () => Promise<T>): Promise<T> {
  failpoint(`${place}.before`);
  const result = await work();
  failpoint(`${place}.after`);
  return result;
}

function taken(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
