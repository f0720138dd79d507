// Removes old evidence that nothing names any more. The store has no index of who names what, so a piece goes only when it is old by the time of
// its file, and a piece that is stored again meanwhile always stays.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { absent } from './absent.ts';
import { errorCode, notPruned } from './errors.ts';

/** An activity stores a piece minutes to hours before its countdown names it; none runs for a day. */
export const MIN_AGE_MS = 24 * 3_600_000;
/** Pointers beside the pieces: what they name is kept, whatever its age. */
const POINTERS = ['undo', 'last-good', 'records'];
/** Whole Deployments, which only restores read; `restricted.ts` has the store. */
export const restrictedIn = (evidenceFolder: string): string => join(evidenceFolder, 'restricted');
const PIECE = /^([0-9a-f]{64})\.[0-9]+$/;

export interface PruneOptions {
  /** Age of the file from which on a piece may go; at least a day. */
  olderThanMs: number;
  /** Digests (`sha256:...`) that are kept whatever their age: those of all open countdowns. */
  named: ReadonlySet<string>;
  /** Counts only. */
  dryRun: boolean;
  now?: () => number;
}

export interface Pruned {
  removed: number;
  removedBytes: number;
  /** Old enough to go, kept because something names them. */
  keptNamed: number;
  /** Too young to go. */
  keptYoung: number;
}

/** Where a piece is between being taken away and being removed; the store finds it there. */
export const takenAwayIn = (folder: string): string => join(folder, 'taken-away');

/**
 * Removes the pieces under `folder`, restricted ones too, that are older than `olderThanMs` and that neither `named` nor a pointer in undo/,
 * last-good/ or records/ names. Touches no other file. Throws when the age is under a day, when a pointer cannot be read (then nothing is removed),
 * and when the disk refuses.
 */
export async function pruneEvidence(folder: string, { olderThanMs, named, dryRun, now = Date.now }: PruneOptions): Promise<Pruned> {
  if (!(olderThanMs >= MIN_AGE_MS))
    throw new RangeError('evidence can be pruned from an age of 1d on: a younger piece may belong to a step that is still running');
  const isYoung = (mtimeMs: number): boolean => !(now() - mtimeMs > olderThanMs);
  const pruned: Pruned = { removed: 0, removedBytes: 0, keptNamed: 0, keptYoung: 0 };
  try {
    // Only the worker's user reads it: whoever is refused there removes nothing at all.
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

/** Every digest that a text names, wherever in it. */
export const digestsIn = (text: string): string[] => text.match(/sha256:[0-9a-f]{64}/g) ?? [];

/** Every digest in the text of the pointers. A pointer that is being replaced names its digests before and after. */
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
 * Between the first stat and the removal, the same bytes may be stored again under this name. So the file is first renamed to a name that nobody
 * writes to, then its age is read again, and only then is it removed or put back. Returns whether it was removed.
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

/** By a link, which replaces nothing: a rename would replace bytes stored just now by equal ones with an old time, and those would go next. */
async function putBack(folder: string, taken: string): Promise<void> {
  const [hex = '', sizeBytes] = basename(taken).split('.');
  await link(taken, join(folder, 'sha256', hex.slice(0, 2), `${hex}.${sizeBytes}`)).catch((cause: unknown) => {
    if (errorCode(cause) !== 'EEXIST' && errorCode(cause) !== 'ENOENT') throw cause;
  });
  await rm(taken, { force: true });
}

/** What a killed prune left between taking away and removing counts as any other piece again. */
async function putBackAll(folder: string): Promise<void> {
  for (const name of await readdir(takenAwayIn(folder)).catch(absent([]))) await putBack(folder, join(takenAwayIn(folder), name));
}
