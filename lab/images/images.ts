// Builds images once per content, keeps their archives, and imports them on the node.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../command.ts';
import { exclusively } from '../exclusive.ts';
import { goBuild } from '../go-build.ts';
import type { LabPaths } from '../paths.ts';
import { manifestDigest, ociArchive } from './oci-archive.ts';

/** Image of the container that holds a pod's namespaces; kubelet and containerd must name the same. */
export const pauseImage = 'registry.local/pause:1';
/** Images run on this machine's own kernel. Go's names for Node's. */
const goArchitecture = process.arch === 'x64' ? 'amd64' : process.arch;

export interface ImageRecipe {
  reference: string;
  /** Folder of the Go module and package in it. */
  module: string;
  goPackage: string;
  stamps: string[];
  buildEnv: Record<string, string>;
  /** Defaults baked into the image, `NAME=value`. */
  env: string[];
}

export const pauseRecipe: ImageRecipe = {
  reference: pauseImage,
  module: join(import.meta.dirname, 'pause'),
  goPackage: '.',
  stamps: [],
  buildEnv: {},
  env: [],
};

export interface ProvidedImages {
  /** References the node did not have with this content. */
  imported: string[];
  /** Those among them that it had with other content: running pods still use that. */
  replaced: string[];
}

/** Builds missing archives and imports what the node does not have. */
export async function provideImages(lab: LabPaths, recipes: ImageRecipe[]): Promise<ProvidedImages> {
  const present = parseImageList(await ctr(lab, ['images', 'list']));
  const provided: ProvidedImages = { imported: [], replaced: [] };
  for (const recipe of recipes) {
    const { folder } = await archiveFolder(lab, recipe);
    if (present.get(recipe.reference) === readFileSync(join(folder, 'digest'), 'utf8')) continue;
    await ctr(lab, ['images', 'import', join(folder, 'image.tar')]);
    provided.imported.push(recipe.reference);
    if (present.has(recipe.reference)) provided.replaced.push(recipe.reference);
  }
  return provided;
}

/** ctr of the lab's containerd, in the namespace of Kubernetes. */
export function ctr(lab: LabPaths, args: string[]): Promise<string> {
  return run(['ctr', '-a', lab.containerdSocket, '-n', 'k8s.io', ...args]);
}

/** Digest by reference, from the table `ctr images list` prints: REF TYPE DIGEST ... */
export function parseImageList(table: string): Map<string, string> {
  const rows = table
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/));
  return new Map(rows.flatMap(([reference, , digest]) => (reference && digest ? [[reference, digest]] : [])));
}

/** Folder of a recipe's image, named after all that goes into it. */
const folderOf = (lab: LabPaths, recipe: ImageRecipe): string => join(lab.images, `${nameOf(recipe)}-${recipeKey(recipe)}`);
const nameOf = ({ reference }: ImageRecipe): string => reference.replaceAll(/[^a-zA-Z0-9.-]/g, '_');

export const hasArchive = (lab: LabPaths, recipe: ImageRecipe): boolean => existsSync(folderOf(lab, recipe));

export interface BuiltArchive {
  /** Has `image.tar`, its `digest` and the bare `program`. */
  folder: string;
  /** Of the compiler; 0 when the archive was there. */
  cpuSeconds: number;
}

/** Builds the archive of an image unless it is there. */
export async function archiveFolder(lab: LabPaths, recipe: ImageRecipe, stop?: AbortSignal): Promise<BuiltArchive> {
  const folder = folderOf(lab, recipe);
  if (existsSync(folder)) return { folder, cpuSeconds: 0 };
  return exclusively(
    join(lab.images, '.lock'),
    () => undefined,
    async () => ({ folder, cpuSeconds: existsSync(folder) ? 0 : await buildArchive(lab, recipe, folder, stop) }),
  );
}

async function buildArchive(lab: LabPaths, recipe: ImageRecipe, folder: string, stop?: AbortSignal): Promise<number> {
  // An archive of an older source is of no use any more, and each takes 20 MB.
  for (const old of readdirSync(lab.images))
    if (old.startsWith(`${nameOf(recipe)}-`)) rmSync(join(lab.images, old), { recursive: true, force: true });
  // Named after the process: the compiler of a killed one may still write into its own.
  const draft = `${folder}.draft.${process.pid}`;
  const temporary = `${draft}.tmp`;
  for (const made of [draft, temporary]) mkdirSync(made, { recursive: true });
  const program = join(draft, 'program');
  const cpuSeconds = await goBuild({
    title: recipe.reference,
    module: recipe.module,
    packages: [recipe.goPackage],
    stamps: recipe.stamps,
    env: { GOOS: 'linux', ...recipe.buildEnv },
    output: program,
    temporary,
    log: `${folder}.log`,
    ...(stop === undefined ? {} : { stop }),
  });
  const path = `/${recipe.reference.split('/').at(-1)?.split(':')[0] ?? 'program'}`;
  const archive = await ociArchive({
    reference: recipe.reference,
    program: readFileSync(program),
    path,
    env: recipe.env,
    architecture: goArchitecture,
  });
  writeFileSync(join(draft, 'image.tar'), archive);
  writeFileSync(join(draft, 'digest'), manifestDigest(archive));
  rmSync(temporary, { recursive: true, force: true });
  renameSync(draft, folder);
  return cpuSeconds;
}

function recipeKey(recipe: ImageRecipe): string {
  const hash = createHash('sha256').update(
    JSON.stringify([recipe.reference, recipe.goPackage, recipe.stamps, recipe.buildEnv, recipe.env, goArchitecture]),
  );
  for (const file of sourceFiles(recipe.module)) hash.update(`\0${relative(recipe.module, file)}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** Without tests, which do not change the program. */
function sourceFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.isFile() && !entry.name.endsWith('_test.go') ? [path] : [];
  });
}
