// Removes old unreferenced evidence. The store has no index of references, so only pieces with an old modification time are removed, and a piece
// that is stored again meanwhile stays.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { absent } from './absent.ts';
import { errorCode, notPruned } from './errors.ts';

/** An activity stores a piece up to hours before its countdown refers to it; none runs for a day. */
export const MIN_AGE_MS = 24 * 3_600_000;
/** Folders of pointers: the pieces they refer to are kept. */
const POINTERS = ['undo', 'last-good', 'records'];
/** Folder of whole Deployments for restores; its store is in restricted.ts. */
export const restrictedIn = (evidenceFolder: string): string => join(evidenceFolder, 'restricted');
const PIECE = /^([0-9a-f]{64})\.[0-9]+$/;

export interface PruneOptions {
  /** Minimum age of a removed file; at least a day. */
  olderThanMs: number;
  /** Digests (`sha256:...`) to keep: those of all open countdowns. */
  named: ReadonlySet<string>;
  /** Counts only. */
  dryRun: boolean;
  now?: () => number;
}

export interface Pruned {
  removed: number;
  removedBytes: number;
  /** Old, but referenced. */
  keptNamed: number;
  /** Not old enough. */
  keptYoung: number;
}

/** Folder of pieces that are about to be removed; the store still finds them. */
export const takenAwayIn = (folder: string): string => join(folder, 'taken-away');

/**
 * Removes pieces in `folder` and `restricted/` that are older than `olderThanMs` and not in `named` or in a pointer in undo/, last-good/ or records/.
 * Throws when the age is under a day, on errors of the disk, and before any removal when a pointer cannot be read.
 */
export async function pruneEvidence(folder: string, { olderThanMs, named, dryRun, now = Date.now }: PruneOptions): Promise<Pruned> {
  if (!(olderThanMs >= MIN_AGE_MS))
    throw new RangeError('the minimum age for pruning evidence is 1d: a younger piece may belong to a running step');
  const isYoung = (mtimeMs: number): boolean => !(now() - mtimeMs > olderThanMs);
  const pruned: Pruned = { removed: 0, removedBytes: 0, keptNamed: 0, keptYoung: 0 };
  try {
    // Only the worker's user can read it: any other user must not remove anything.
    await readdir(restrictedIn(folder)).catch(absent([]));
    const keep = new Set([...named, ...(await namedByPointers(folder))]);
    for (const place of [folder, restrictedIn(folder)]) {
      if (!dryRun) await putBackAll(place);
      for await (const { path, name, digest } of piecesIn(place)) {
        const entry = await stat(path).catch(absent(null));
        if (entry === null) continue;
        if (isYoung(entry.mtimeMs)) pruned.keptYoung += 1;
        else if (keep.has(digest)) pruned.keptNamed += 1;
        else if (dryRun || (await takeAway(place, path, name, isYoung))) {
          pruned.removed += 1;
          pruned.removedBytes += entry.size;
        } else pruned.keptYoung += 1;
      }
    }
  } catch (cause) {
    throw notPruned(folder, cause);
  }
  return pruned;
}

/** All digests in a text. */
export const digestsIn = (text: string): string[] => text.match(/sha256:[0-9a-f]{64}/g) ?? [];

/** All digests in the pointers. */
async function namedByPointers(folder: string): Promise<string[]> {
  const named: string[] = [];
  for (const place of POINTERS) {
    for (const name of await readdir(join(folder, place)).catch(absent([]))) {
      const text = await readFile(join(folder, place, name), 'utf8').catch(absent(''));
      named.push(...digestsIn(text));
    }
  }
  return named;
}

async function* piecesIn(folder: string): AsyncIterable<{ path: string; name: string; digest: string }> {
  for (const shard of await readdir(join(folder, 'sha256')).catch(absent([]))) {
    for (const name of await readdir(join(folder, 'sha256', shard)).catch(absent([]))) {
      const hex = PIECE.exec(name)?.[1];
      if (hex !== undefined) yield { path: join(folder, 'sha256', shard, name), name, digest: `sha256:${hex}` };
    }
  }
}

/**
 * Renames the piece, reads its age again, then removes it or puts it back: since the first stat the same bytes may have been stored again under its
 * name. Returns whether it was removed.
 */
async function takeAway(folder: string, path: string, name: string, isYoung: (mtimeMs: number) => boolean): Promise<boolean> {
  await mkdir(takenAwayIn(folder), { recursive: true });
  const taken = join(takenAwayIn(folder), `${name}.${randomUUID()}`);
  await rename(path, taken).catch(absent(undefined));
  const entry = await stat(taken).catch(absent(null));
  if (entry === null) return false;
  if (isYoung(entry.mtimeMs)) await putBack(folder, taken);
  else await rm(taken, { force: true });
  return !isYoung(entry.mtimeMs);
}

/** By link, which never replaces a file: a rename could replace a newly stored piece by the old one, which the next prune would remove. */
async function putBack(folder: string, taken: string): Promise<void> {
  const [hex = '', sizeBytes] = basename(taken).split('.');
  await link(taken, join(folder, 'sha256', hex.slice(0, 2), `${hex}.${sizeBytes}`)).catch((cause: unknown) => {
    if (errorCode(cause) !== 'EEXIST' && errorCode(cause) !== 'ENOENT') throw cause;
  });
  await rm(taken, { force: true });
}

/** Puts back the pieces of a killed prune. */
async function putBackAll(folder: string): Promise<void> {
  for (const name of await readdir(takenAwayIn(folder)).catch(absent([]))) await putBack(folder, join(takenAwayIn(folder), name));
}
