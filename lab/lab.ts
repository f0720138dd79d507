// The lab's operations: up, down, status.
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
import { becomeOwner, claim, LabRefusal, readOwner, takenMessage } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { environmentFile } from './environment-file.ts';
import { provide } from './provide.ts';
import { locked } from './restart.ts';
import { deployShop, shopRecipes } from './shop.ts';
import type { DeployedShop, ShopVersions } from './shop.ts';
import { measured } from './side-by-side.ts';
import type { Part } from './side-by-side.ts';
import { toolPlace, versionInUse } from './tools/build.ts';
import { tools } from './tools/tools.ts';

export interface UpOptions {
  /** Prints one line at a time; nothing is printed when left out. */
  progress?: (line: string) => void;
  /** The shop to deploy; `false` for none. The versions of the documentation when left out. */
  shop?: ShopVersions | false;
  /** Also the components that a countdown without a failing load test does not need: Alertmanager, Jaeger. True when left out. */
  whole?: boolean;
}

export interface UpResult {
  lab: LabPaths;
  /** Undefined when none was deployed. */
  shop: DeployedShop | undefined;
  /** What the parts took that had to be built or started. */
  parts: Part[];
}

/** Brings the lab up, repairs what a killed run left, changes nothing that runs. Throws LabRefusal when it cannot or must not run here. */
export async function up({ progress = () => undefined, shop = {}, whole = true }: UpOptions = {}): Promise<UpResult> {
  const lab = paths();
  if (claim(lab) === 'taken') throw new LabRefusal(takenMessage(lab));
  const missing = lacks(await machineFacts(lab));
  if (missing.length > 0) throw new LabRefusal(missing.map(({ message, hint }) => `${message} ${hint}`).join('\n'));
  const needed = tools.filter(({ neededBy }) => neededBy === 'countdown' || (whole && neededBy === 'lab'));
  const recipes = [pauseRecipe, ...(shop === false ? [] : shopRecipes(shop))];
  const built = await provide(lab, needed, recipes, progress);
  const began = Date.now();
  const unneeded = tools.filter((tool) => !needed.includes(tool)).flatMap(({ binaries }) => binaries.map(({ name }) => name));
  const rows = components(lab, toolPlace, recipes).filter(({ name }) => !unneeded.includes(name));
  const [started, start] = await measured('lab up', () =>
    locked(lab, progress, async () => {
      await takePossession(lab, progress);
      await makeNetwork();
      makeCgroups();
      mkdirSync(dirname(lab.auditLog), { recursive: true });
      await makeKeys(lab);
      writeConfigs(lab);
      writeFileSync(lab.environment, environmentFile(lab, toolPlace('k6')));
      const names = await startAll(lab, rows, progress);
      if (names.includes('kube-apiserver')) await grantRights(lab);
      return names;
    }),
  );
  progress(`lab   ${summary()}  ${started.length === 0 ? 'was running' : `up in ${seconds(began)} s`}`);
  const parts = started.length === 0 ? built : [...built, start];
  if (shop === false) return { lab, shop: undefined, parts };
  const [deployed, deploy] = await measured('shop deployed', () => deployShop(shop, progress));
  return { lab, shop: deployed, parts: [...parts, deploy] };
}

/** Stops the lab of this checkout, or an abandoned one of any checkout. Keeps only logs and image archives. */
export async function down({ progress = () => undefined }: { progress?: (line: string) => void } = {}): Promise<void> {
  const lab = paths();
  await locked(lab, progress, async () => {
    if (claim(lab) === 'taken') throw new LabRefusal(takenMessage(lab));
    const began = Date.now();
    await clearAway(lab);
    progress(`lab   down in ${seconds(began)} s`);
  });
}

/** Every component with its process; empty when no lab runs here. */
export function status(): { owner: string | undefined; components: ComponentState[] } {
  const lab = paths();
  return { owner: readOwner(lab)?.checkout, components: componentStates(lab) };
}

async function takePossession(lab: LabPaths, progress: (line: string) => void): Promise<void> {
  const state = claim(lab);
  if (state === 'taken') throw new LabRefusal(takenMessage(lab));
  if (state === 'abandoned') {
    progress('lab   removes what a killed run left');
    await clearAway(lab);
  }
  if (state === 'ours') return;
  // The logs of the last lab were kept until now; they make room for those of this one.
  rmSync(lab.logs, { recursive: true, force: true });
  becomeOwner(lab);
}

/** One line with the versions the lab runs. */
export function summary(): string {
  const [kubernetes, temporal, prometheus] = ['kube-apiserver', 'temporal-server', 'prometheus'].map(versionInUse);
  return `Kubernetes ${kubernetes}, 1 node ready · Temporal ${temporal} · Prometheus ${prometheus} · PostgreSQL · Redis`;
}

const seconds = (began: number) => ((Date.now() - began) / 1000).toFixed(1);
