// The shop on the cluster: production runs the current version, staging the candidate.
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
  /** Tag in production; default `sha-4f9c2ab`. */
  current?: string | undefined;
  /** Tag of the candidate; default `sha-91d03ce`, or that of the fault. */
  candidate?: string | undefined;
  /** Fault of the candidate. */
  fault?: CandidateFaultName | undefined;
}

export interface DeployedShop {
  /** Image references. */
  current: string;
  candidate: string;
  fault: CandidateFaultName | null;
}

const REPOSITORY = `registry.local/${appName}`;
/** Both are built from the same source with another commit stamped in. The documentation uses these tags. */
const CURRENT = 'sha-4f9c2ab';
const CANDIDATE = 'sha-91d03ce';

const databases = { production: 'shop', staging: 'shop_staging' };

type Progress = (line: string) => void;
const silent: Progress = () => undefined;

/** Builds and imports the images, migrates the databases, deploys both namespaces, and waits until 3 of 3 pods serve in each. */
export async function deployShop(
  { current = CURRENT, candidate, fault }: ShopVersions = {},
  progress: Progress = silent,
): Promise<DeployedShop> {
  const lab = paths();
  requireLab(lab);
  const began = Date.now();
  const candidateTag = candidateTagOf({ candidate, fault });
  const recipes = shopRecipes({ current, candidate, fault });
  const { imported, replaced } = await provideImages(lab, recipes);
  if (imported.length > 0) progress(`image ${imported.join(', ')} on the node`);
  await untilNodeReports(lab, recipes, progress);
  await migrate(lab, recipe(current));
  const deployed: DeployedShop = { current: `${REPOSITORY}:${current}`, candidate: `${REPOSITORY}:${candidateTag}`, fault: fault ?? null };
  // Same tag, other program: running pods must be replaced.
  if (replaced.length > 0)
    for (const { namespace } of bothShops(lab, deployed))
      await kubectl(lab, ['-n', namespace, 'delete', 'deployment', appName, '--ignore-not-found']);
  await applyObjects(lab, bothShops(lab, deployed).flatMap(shopManifests));
  writeFileSync(deployedFile(lab), JSON.stringify(deployed));
  await settle(lab, deployed);
  progress(
    `shop  3 of 3 pods of ${deployed.current} in shop, of ${deployed.candidate} in shop-staging  ${((Date.now() - began) / 1000).toFixed(1)} s`,
  );
  return deployed;
}

/** Resets production to the current image and staging to the candidate, whatever was launched, paused, scaled or annotated. As admin. */
export async function resetShop(progress: Progress = silent): Promise<DeployedShop> {
  const lab = paths();
  requireLab(lab);
  if (!existsSync(deployedFile(lab))) throw new LabRefusal('the shop is not deployed; `scripts/lab shop` deploys it');
  const deployed = JSON.parse(readFileSync(deployedFile(lab), 'utf8')) as DeployedShop;
  await settle(lab, deployed);
  progress(`shop  reset: ${deployed.current} in shop, ${deployed.candidate} in shop-staging`);
  return deployed;
}

/** Replaces both Deployments and waits for the pods. */
async function settle(lab: LabPaths, deployed: DeployedShop): Promise<void> {
  const shops = bothShops(lab, deployed);
  await replaceObjects(lab, shops.map(deployment));
  await Promise.all(shops.flatMap(({ namespace }) => [appName, pricingName].map((name) => awaitRollout(lab, namespace, name))));
  await Promise.all(shops.map((shop) => untilServed(shop)));
}

/** kube-proxy is up to two seconds behind the pods; an unreachable shop would fail the preflight of a release. */
const SERVED_TIMEOUT_MS = 15_000;
const POLL_MS = 200;

async function untilServed(shop: ShopManifest): Promise<void> {
  const deadline = Date.now() + SERVED_TIMEOUT_MS;
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
/** Database of the candidate. */
export const stagingDatabaseUrl = `postgres://postgres@${network.address}:${ports.postgres}/${databases.staging}`;
const databaseUrl = (database: string) => `postgres://postgres@${network.address}:${ports.postgres}/${database}`;

const candidateTagOf = ({ candidate, fault }: ShopVersions): string => candidate ?? (fault ? candidateFaults[fault].tag : CANDIDATE);

/** The images of a shop: current version and candidate. */
export function shopRecipes({ current = CURRENT, candidate, fault }: ShopVersions = {}): ImageRecipe[] {
  return [recipe(current), recipe(candidateTagOf({ candidate, fault }), fault ? candidateFaults[fault].setting : undefined)];
}

/** A running node reports a new image after up to 40 s, and a preflight for that image would fail until then. A restarted kubelet takes 2 s. */
async function untilNodeReports(lab: LabPaths, recipes: ImageRecipe[], progress: Progress): Promise<void> {
  const reportsAll = async () => {
    const images = await kubectl(lab, ['get', 'nodes', '-o', 'jsonpath={.items[*].status.images[*].names}']);
    return recipes.every(({ reference }) => images.includes(`"${reference}"`));
  };
  if (await reportsAll()) return;
  await restart('kubelet', progress);
  const deadline = Date.now() + REPORTED_TIMEOUT_MS;
  while (!(await reportsAll())) {
    if (Date.now() > deadline) throw new Error(`the node does not progress of its new images; see ${lab.logs}/kubelet.log`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Usually 2 s; without a restart it can take 40 s. */
const REPORTED_TIMEOUT_MS = 60_000;

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

/** Creates missing databases and migrates each with the program that will use it. */
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

/** The pods of the shop as kubectl prints them. */
export function shopPods(lab: LabPaths): Promise<string> {
  return kubectl(lab, ['get', 'pods', '-A', '-l', `app=${appName}`, '-o', 'wide']);
}
