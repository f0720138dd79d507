// Makes images once per content, keeps their archives, and gives them to the node.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../command.ts';
import type { LabPaths } from '../paths.ts';
import { buildGoProgram, goArchitecture } from './go-program.ts';
import { manifestDigest, ociArchive } from './oci-archive.ts';
import { pauseImage } from './pause-image.ts';

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
  /** References the node did not have in this content. */
  imported: string[];
  /** Those among them that it had in another content: pods that run them run the old one. */
  replaced: string[];
}

/** Builds what is not kept yet and imports what the node does not have. */
export async function provideImages(lab: LabPaths, recipes: ImageRecipe[]): Promise<ProvidedImages> {
  const present = parseImageList(await ctr(lab, ['images', 'list']));
  const provided: ProvidedImages = { imported: [], replaced: [] };
  for (const recipe of recipes) {
    const folder = await archiveFolder(lab, recipe);
    if (present.get(recipe.reference) === readFileSync(join(folder, 'digest'), 'utf8')) continue;
    await ctr(lab, ['images', 'import', join(folder, 'image.tar')]);
    provided.imported.push(recipe.reference);
    if (present.has(recipe.reference)) provided.replaced.push(recipe.reference);
  }
  return provided;
}

/** ctr of the lab's own containerd, in the namespace Kubernetes uses. */
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

/** Folder with `image.tar`, its `digest` and the bare `program`, made when it is not there; named after all that goes into the image. */
export async function archiveFolder(lab: LabPaths, recipe: ImageRecipe): Promise<string> {
  const name = recipe.reference.replaceAll(/[^a-zA-Z0-9.-]/g, '_');
  const folder = join(lab.images, `${name}-${recipeKey(recipe)}`);
  if (existsSync(folder)) return folder;
  // Archives of an older source are of no use any more, and each has 20 MB.
  for (const old of existsSync(lab.images) ? readdirSync(lab.images) : [])
    if (old.startsWith(`${name}-`)) rmSync(join(lab.images, old), { recursive: true, force: true });
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const program = join(draft, 'program');
  await buildGoProgram({
    module: recipe.module,
    goPackage: recipe.goPackage,
    stamps: recipe.stamps,
    env: recipe.buildEnv,
    output: program,
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
  renameSync(draft, folder);
  return folder;
}

function recipeKey(recipe: ImageRecipe): string {
  const hash = createHash('sha256').update(
    JSON.stringify([recipe.reference, recipe.goPackage, recipe.stamps, recipe.buildEnv, recipe.env, goArchitecture]),
  );
  for (const file of sourceFiles(recipe.module)) hash.update(`\0${relative(recipe.module, file)}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** Tests change nothing in the program. */
function sourceFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.isFile() && !entry.name.endsWith('_test.go') ? [path] : [];
  });
}
