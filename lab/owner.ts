// Whose lab it is: one runs on a machine at a time, and everyone can see from which checkout.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { componentStates } from './component.ts';
import type { LabPaths } from './paths.ts';

/** The machine or the state of the lab does not allow it, and the user can correct that; the message says how. */
export class LabRefusal extends Error {}

export interface Owner {
  checkout: string;
  /** Folder of its state: what is mounted below it is cleared away with the lab. */
  state: string;
  /** Kernel settings as they were before the kubelet changed them. */
  kernelSettings: Record<string, string>;
  /** True when /run/netns was not there before: then it goes with the lab. */
  madeNetnsFolder: boolean;
  /** The same of /var/lib/kubelet, where every kubelet keeps its socket for device plugins. */
  madeKubeletFolder: boolean;
}

/** The kubelet sets these for the whole machine (its `protectKernelDefaults: false`); `down` sets them back. */
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

/** Writes down who owns the lab and what the machine was like. */
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

/** What the lab of this machine is to us. Abandoned: nothing of it runs any more, or its checkout is gone and nobody could end it. */
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
  if (state === 'taken') throw new LabRefusal(takenSentence(lab));
  if (state !== 'ours') throw new LabRefusal('the lab is not up; `scripts/lab up` brings it up');
}

/** The sentence that refuses a second lab. */
export function takenSentence(lab: LabPaths): string {
  const checkout = readOwner(lab)?.checkout ?? 'another checkout';
  return `the lab of ${checkout} runs on this machine, and there can be one at a time; end it with \`scripts/lab down\` in ${checkout}`;
}
