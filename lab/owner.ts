// Owner of the lab: a machine runs one lab at a time, and the owner is the checkout that started it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { componentStates } from './component.ts';
import type { LabPaths } from './paths.ts';

/** The machine or the state of the lab does not allow it, and the user can correct that; the message says how. */
export class LabRefusal extends Error {}

export interface Owner {
  checkout: string;
  /** Folder of its state; mounts below it are removed with the lab. */
  state: string;
  /** Kernel settings as they were before the kubelet changed them. */
  kernelSettings: Record<string, string>;
  /** True when /run/netns did not exist before the lab, which then removes it. */
  madeNetnsFolder: boolean;
  /** The same for /var/lib/kubelet, where every kubelet has its socket for device plugins. */
  madeKubeletFolder: boolean;
}

/** The kubelet changes these for the whole machine (`protectKernelDefaults: false`); `down` restores them. */
const KERNEL_SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

export function readOwner(lab: LabPaths): Owner | undefined {
  return existsSync(lab.owner) ? (JSON.parse(readFileSync(lab.owner, 'utf8')) as Owner) : undefined;
}

/** Records the owner, and the state of the machine before the lab. */
export function becomeOwner(lab: LabPaths): void {
  const kernelSettings = Object.fromEntries(
    KERNEL_SETTINGS.filter((name) => existsSync(`/proc/sys/${name}`)).map((name) => [
      name,
      readFileSync(`/proc/sys/${name}`, 'utf8').trim(),
    ]),
  );
  const owner: Owner = {
    checkout: lab.checkout,
    state: lab.state,
    kernelSettings,
    madeNetnsFolder: !existsSync('/run/netns'),
    madeKubeletFolder: !existsSync('/var/lib/kubelet'),
  };
  mkdirSync(lab.run, { recursive: true });
  writeFileSync(lab.owner, JSON.stringify(owner));
}

export function restoreKernelSettings(owner: Owner): void {
  for (const [name, value] of Object.entries(owner.kernelSettings)) writeFileSync(`/proc/sys/${name}`, value);
}

export type Claim = 'ours' | 'free' | 'abandoned' | 'taken';

/** State of this machine's lab for this checkout. Abandoned: nothing of it runs, or its checkout was deleted, so nobody could stop it. */
export function claim(lab: LabPaths): Claim {
  const owner = readOwner(lab);
  if (!owner) return existsSync(lab.run) ? 'abandoned' : 'free';
  const alive = componentStates(lab).some((component) => component.alive);
  if (owner.state === lab.state) return alive ? 'ours' : 'abandoned';
  return alive && existsSync(owner.checkout) ? 'taken' : 'abandoned';
}

/** Throws LabRefusal unless the lab of this checkout is up. */
export function requireLab(lab: LabPaths): void {
  const state = claim(lab);
  if (state === 'taken') throw new LabRefusal(takenMessage(lab));
  if (state !== 'ours') throw new LabRefusal('the lab is not running; `scripts/lab up` starts it');
}

/** Message that refuses a second lab. */
export function takenMessage(lab: LabPaths): string {
  const checkout = readOwner(lab)?.checkout ?? 'another checkout';
  return `the lab of ${checkout} runs on this machine, and only one can run at a time; stop it with \`scripts/lab down\` in ${checkout}`;
}
