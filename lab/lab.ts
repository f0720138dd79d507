// The story of the lab: up, down, status.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeCgroups } from './cgroups.ts';
import { clearAway } from './clear-away.ts';
import { componentStates, startAll } from './component.ts';
import type { ComponentState } from './component.ts';
import { components } from './components.ts';
import { writeConfigs } from './configs.ts';
import { lacks, machineFacts } from './doctor.ts';
import { pauseRecipe } from './images/images.ts';
import { makeKeys } from './keys.ts';
import { grantRights } from './manifests/rights.ts';
import { makeNetwork } from './network.ts';
import { becomeOwner, claim, readOwner, takenSentence } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { environmentFile } from './environment-file.ts';
import { LabRefusal } from './refusal.ts';
import { locked, toolFrom } from './restart.ts';
import { deployShop, shopRecipes } from './shop.ts';
import { coreTools } from './tools/build.ts';
import { versionOf } from './tools/tools.ts';

export interface UpOptions {
  /** Told one line at a time; silent when left out. */
  tell?: (line: string) => void;
  /** Deploy the shop as well: true unless said otherwise. */
  shop?: boolean;
}

/** Brings the lab up, heals what a killed run left, changes nothing that runs. Throws LabRefusal when it may or can not run here. */
export async function up({ tell = () => undefined, shop = true }: UpOptions = {}): Promise<LabPaths> {
  const lab = paths();
  const began = Date.now();
  if (claim(lab) === 'taken') throw new LabRefusal(takenSentence(lab));
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
    const names = await startAll(
      lab,
      components(lab, (name) => toolFrom(tools, name), [pauseRecipe, ...(shop ? shopRecipes() : [])]),
      tell,
    );
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

async function takePossession(lab: LabPaths, tell: (line: string) => void): Promise<void> {
  const state = claim(lab);
  if (state === 'taken') throw new LabRefusal(takenSentence(lab));
  if (state === 'abandoned') {
    tell('lab   clears away what a run that was killed left');
    await clearAway(lab);
  }
  if (state === 'ours') return;
  // The logs kept from the last lab make room for those of this one.
  rmSync(lab.logs, { recursive: true, force: true });
  becomeOwner(lab);
}

/** The line that says what the lab is made of. */
export function summary(): string {
  return `Kubernetes ${versionOf('kubernetes')}, 1 node ready · Temporal ${versionOf('temporal')} · Prometheus ${versionOf('prometheus')} · PostgreSQL · Redis`;
}

const seconds = (began: number) => ((Date.now() - began) / 1000).toFixed(1);
