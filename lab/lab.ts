// The story of the lab: up, down, restart, kill, status.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeCgroups } from './cgroups.ts';
import { clearAway } from './clear-away.ts';
import { componentStates, killNow, start, startAll, stop } from './component.ts';
import type { ComponentState } from './component.ts';
import { components } from './components.ts';
import { writeConfigs } from './configs.ts';
import { lacks, machineFacts } from './doctor.ts';
import { exclusively } from './exclusive.ts';
import { pauseRecipe, provideImages } from './images/images.ts';
import { makeKeys } from './keys.ts';
import { grantRights } from './manifests/rights.ts';
import { makeNetwork } from './network.ts';
import { becomeOwner, claim, readOwner, takenSentence } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { environmentFile } from './environment-file.ts';
import { deployShop } from './shop.ts';
import { coreTools, toolPath } from './tools/build.ts';
import { versionOf } from './tools/tools.ts';

export interface UpOptions {
  /** Told one line at a time; silent when left out. */
  tell?: (line: string) => void;
  /** Deploy the shop as well: true unless said otherwise. */
  shop?: boolean;
}

/** A lack or a refusal that people can mend; its message is the sentence to print. */
export class LabRefusal extends Error {}

/** Brings the lab up, heals what a killed run left, changes nothing that runs. Throws LabRefusal when it may or can not run here. */
export async function up({ tell = () => undefined, shop = true }: UpOptions = {}): Promise<LabPaths> {
  const lab = paths();
  const began = Date.now();
  const missing = lacks(await machineFacts(lab));
  if (missing.length > 0) throw new LabRefusal(missing.map(({ sentence, wayOut }) => `${sentence} ${wayOut}`).join('\n'));
  const tools = await coreTools(tell);
  const started = await locked(lab, tell, async () => {
    await takePossession(lab, tell);
    await makeNetwork();
    makeCgroups();
    mkdirSync(dirname(lab.auditLog), { recursive: true });
    await makeKeys(lab);
    writeConfigs(lab);
    writeFileSync(lab.environment, environmentFile(lab, toolFrom(tools, 'k6')));
    const names = await startAll(lab, components(lab, (name) => toolFrom(tools, name)), tell);
    await provideImages(lab, [pauseRecipe]);
    if (names.includes('kube-apiserver')) await grantRights(lab);
    return names;
  });
  tell(`lab   ${summary()}  ${started.length === 0 ? 'was up' : `up in ${seconds(began)} s`}`);
  if (shop) await deployShop({}, tell);
  return lab;
}

/** Ends the lab of this checkout, or a dead one of any, and leaves nothing but logs and image archives. */
export async function down({ tell = () => undefined }: { tell?: (line: string) => void } = {}): Promise<void> {
  const lab = paths();
  await locked(lab, tell, async () => {
    if (claim(lab) === 'taken') throw new LabRefusal(takenSentence(lab));
    const began = Date.now();
    await clearAway(lab);
    tell(`lab   down in ${seconds(began)} s`);
  });
}

/** Every component with its process; empty when no lab runs here. */
export function status(): { owner: string | undefined; components: ComponentState[] } {
  const lab = paths();
  return { owner: readOwner(lab)?.checkout, components: componentStates(lab) };
}

/** Ends a component in its orderly way, if it runs, and starts it again with the data it had. */
export async function restart(name: string, tell: (line: string) => void = () => undefined): Promise<void> {
  await withComponent(name, tell, async (lab, tool) => {
    await stop(lab, name);
    const component = components(lab, tool).find((row) => row.name === name);
    if (component) await start(lab, component, tell);
  });
}

/** Kills a component as a crash would. False when it did not run. */
export async function kill(name: string): Promise<boolean> {
  return withComponent(name, () => undefined, (lab) => killNow(lab, name));
}

async function withComponent<T>(name: string, tell: (line: string) => void, act: (lab: LabPaths, tool: (name: string) => string) => Promise<T>): Promise<T> {
  const lab = paths();
  const state = claim(lab);
  if (state === 'taken') throw new LabRefusal(takenSentence(lab));
  if (state !== 'ours') throw new LabRefusal('the lab is not up; `scripts/lab up` brings it up');
  const tools = await coreTools(() => undefined);
  const tool = (wanted: string) => toolFrom(tools, wanted);
  const names = components(lab, tool).map((component) => component.name);
  if (!names.includes(name)) throw new LabRefusal(`the lab has no component ${name}; it has ${names.join(', ')}`);
  return locked(lab, tell, () => act(lab, tool));
}

async function takePossession(lab: LabPaths, tell: (line: string) => void): Promise<void> {
  const state = claim(lab);
  if (state === 'taken') throw new LabRefusal(takenSentence(lab));
  if (state === 'abandoned') {
    tell('lab   clears away what a run that was killed left');
    await clearAway(lab);
  }
  if (state !== 'ours') becomeOwner(lab);
}

function locked<T>(lab: LabPaths, tell: (line: string) => void, work: () => Promise<T>): Promise<T> {
  return exclusively(lab.lock, (pid) => tell(`lab   waits for process ${pid}, which is changing the lab`), work);
}

function toolFrom(tools: Map<string, string>, name: string): string {
  const path = tools.get(name);
  if (!path) throw new Error(`${name} is no core tool of the lab`);
  return path;
}

/** The line that says what the lab is made of. */
export function summary(): string {
  return `Kubernetes ${versionOf('kubernetes')}, 1 node ready · Temporal ${versionOf('temporal')} · Prometheus ${versionOf('prometheus')} · PostgreSQL · Redis`;
}

const seconds = (began: number) => ((Date.now() - began) / 1000).toFixed(1);

export { toolPath };
