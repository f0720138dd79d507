// The shop on the cluster: production runs the current version, staging the candidate that is to go live.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyObjects, awaitRollout, kubectl, replaceObjects } from './cluster.ts';
import { run } from './command.ts';
import { candidateFaults } from './faults.ts';
import type { CandidateFaultName } from './faults.ts';
import { archiveFolder, provideImages } from './images/images.ts';
import type { ImageRecipe } from './images/images.ts';
import { appName, deployment, pricingName, shopManifests } from './manifests/go-api.ts';
import type { ShopManifest } from './manifests/go-api.ts';
import { network, paths, ports } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { LabRefusal, requireLab } from './owner.ts';
import { answers } from './probes.ts';
import { restart } from './restart.ts';

export interface ShopVersions {
  /** Tag that serves in production; `sha-4f9c2ab` when left out. */
  current?: string | undefined;
  /** Tag that is to go live; `sha-91d03ce` when left out, or the fault's own. */
  candidate?: string | undefined;
  /** What is wrong with the candidate. */
  fault?: CandidateFaultName | undefined;
}

export interface DeployedShop {
  /** Image references. */
  current: string;
  candidate: string;
  fault: CandidateFaultName | null;
}

const REPOSITORY = `registry.local/${appName}`;
/** Both are built from the same source; only the commit they say they are differs. They are those of the documentation. */
const CURRENT = 'sha-4f9c2ab';
const CANDIDATE = 'sha-91d03ce';

const databases = { production: 'shop', staging: 'shop_staging' };

type Tell = (line: string) => void;
const silent: Tell = () => undefined;

/** Builds and imports the images, makes the databases, deploys both namespaces whole, and waits until 3 of 3 pods serve in each. */
export async function deployShop({ current = CURRENT, candidate, fault }: ShopVersions = {}, tell: Tell = silent): Promise<DeployedShop> {
  const lab = paths();
  requireLab(lab);
  const began = Date.now();
  const candidateTag = candidateTagOf({ candidate, fault });
  const recipes = shopRecipes({ current, candidate, fault });
  const { imported, replaced } = await provideImages(lab, recipes);
  if (imported.length > 0) tell(`image ${imported.join(', ')} on the node`);
  await untilNodeTellsOf(lab, recipes, tell);
  await migrate(lab, recipe(current));
  const deployed: DeployedShop = { current: `${REPOSITORY}:${current}`, candidate: `${REPOSITORY}:${candidateTag}`, fault: fault ?? null };
  // The tag is the same and the program another: only new pods run it.
  if (replaced.length > 0)
    for (const { namespace } of bothShops(lab, deployed))
      await kubectl(lab, ['-n', namespace, 'delete', 'deployment', appName, '--ignore-not-found']);
  await applyObjects(lab, bothShops(lab, deployed).flatMap(shopManifests));
  writeFileSync(deployedFile(lab), JSON.stringify(deployed));
  await settle(lab, deployed);
  tell(
    `shop  3 of 3 pods of ${deployed.current} in shop, of ${deployed.candidate} in shop-staging  ${((Date.now() - began) / 1000).toFixed(1)} s`,
  );
  return deployed;
}

/** Production back on the current image, staging on the candidate, whatever was launched, paused, scaled or annotated since. As admin. */
export async function resetShop(tell: Tell = silent): Promise<DeployedShop> {
  const lab = paths();
  requireLab(lab);
  if (!existsSync(deployedFile(lab))) throw new LabRefusal('no shop is deployed; `scripts/lab shop` deploys it');
  const deployed = JSON.parse(readFileSync(deployedFile(lab), 'utf8')) as DeployedShop;
  await settle(lab, deployed);
  tell(`shop  reset: ${deployed.current} in shop, ${deployed.candidate} in shop-staging`);
  return deployed;
}

/** Replaces both Deployments whole where they differ from what they should be, and waits for the pods. */
async function settle(lab: LabPaths, deployed: DeployedShop): Promise<void> {
  const shops = bothShops(lab, deployed);
  await replaceObjects(lab, shops.map(deployment));
  await Promise.all(shops.flatMap(({ namespace }) => [appName, pricingName].map((name) => awaitRollout(lab, namespace, name))));
  await Promise.all(shops.map((shop) => untilServed(shop)));
}

/** kube-proxy follows the pods by up to two seconds; a shop that is not reachable yet would fail the first check of a release. */
const SERVED_WITHIN_MS = 15_000;
const POLL_MS = 200;

async function untilServed(shop: ShopManifest): Promise<void> {
  const deadline = Date.now() + SERVED_WITHIN_MS;
  const probe = answers(`http://${network.address}:${shop.nodePort}/healthz`);
  for (;;) {
    const missing = await probe();
    if (missing === undefined) return;
    if (Date.now() > deadline) throw new Error(`${shop.namespace} does not serve: ${missing}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Production and staging, in this order. */
export function bothShops(lab: LabPaths, { current, candidate, fault }: DeployedShop): [ShopManifest, ShopManifest] {
  const hidden = fault !== null && !candidateFaults[fault].showsInStaging;
  return [
    {
      namespace: 'shop',
      image: current,
      nodePort: ports.shop,
      databaseUrl: databaseUrl(databases.production),
      redisUrl: lab.redis.production,
      spansUrl: lab.spans,
      pricingImage: current,
      faultOverride: undefined,
    },
    {
      namespace: 'shop-staging',
      image: candidate,
      nodePort: ports.shopStaging,
      databaseUrl: databaseUrl(databases.staging),
      redisUrl: lab.redis.staging,
      spansUrl: lab.spans,
      pricingImage: current,
      faultOverride: hidden ? '' : undefined,
    },
  ];
}

const deployedFile = (lab: LabPaths) => join(lab.data, 'shop.json');
/** Where the candidate keeps its data. */
export const stagingDatabaseUrl = `postgres://postgres@${network.address}:${ports.postgres}/${databases.staging}`;
const databaseUrl = (database: string) => `postgres://postgres@${network.address}:${ports.postgres}/${database}`;

const candidateTagOf = ({ candidate, fault }: ShopVersions): string => candidate ?? (fault ? candidateFaults[fault].tag : CANDIDATE);

/** The images of a shop: current version and candidate. */
export function shopRecipes({ current = CURRENT, candidate, fault }: ShopVersions = {}): ImageRecipe[] {
  return [recipe(current), recipe(candidateTagOf({ candidate, fault }), fault ? candidateFaults[fault].setting : undefined)];
}

/**
 * A node that runs tells of a new image only after up to 40 s, and a release that asks for it would be refused until then; a restarted kubelet tells
 * within 2 s.
 */
async function untilNodeTellsOf(lab: LabPaths, recipes: ImageRecipe[], tell: Tell): Promise<void> {
  const tellsAll = async () => {
    const told = await kubectl(lab, ['get', 'nodes', '-o', 'jsonpath={.items[*].status.images[*].names}']);
    return recipes.every(({ reference }) => told.includes(`"${reference}"`));
  };
  if (await tellsAll()) return;
  await restart('kubelet', tell);
  const deadline = Date.now() + TOLD_WITHIN_MS;
  while (!(await tellsAll())) {
    if (Date.now() > deadline) throw new Error(`the node does not tell of its new images; see ${lab.logs}/kubelet.log`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** It did in 2 s; a minute is what it may take without a restart. */
const TOLD_WITHIN_MS = 60_000;

function recipe(tag: string, fault?: string): ImageRecipe {
  return {
    reference: `${REPOSITORY}:${tag}`,
    module: join(import.meta.dirname, 'target'),
    goPackage: './cmd/go-api',
    stamps: [`main.gitSHA=${tag.replace(/^sha-/, '')}`, 'main.gitDirty=false'],
    buildEnv: { GOEXPERIMENT: 'goroutineleakprofile' },
    env: fault === undefined ? [] : [`FAULT=${fault}`],
  };
}

/** Makes the databases that are missing and brings each to the schema, with the program that will serve from it. */
async function migrate(lab: LabPaths, current: ImageRecipe): Promise<void> {
  const program = join((await archiveFolder(lab, current)).folder, 'program');
  const psql = (sql: string) => run(['psql', '-qtA', databaseUrl('postgres'), '-c', sql]);
  const present = (await psql('SELECT datname FROM pg_database')).split('\n');
  await Promise.all(
    Object.values(databases).map(async (database) => {
      if (!present.includes(database)) await psql(`CREATE DATABASE ${database}`);
      await run(['psql', '-qtA', databaseUrl(database), '-c', 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements']);
      await run([program, 'migrate'], { env: { DATABASE_URL: databaseUrl(database) } });
    }),
  );
}

/** Admin view for people: what runs where. */
export function shopPods(lab: LabPaths): Promise<string> {
  return kubectl(lab, ['get', 'pods', '-A', '-l', `app=${appName}`, '-o', 'wide']);
}
