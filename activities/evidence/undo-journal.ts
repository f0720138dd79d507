// The registered undos, in the folder `undo/` of the evidence folder, for a restore without Temporal. One file per undo.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';
import { absent } from './absent.ts';
import { errorCode } from './errors.ts';
import { PART } from '../replace-file.ts';
import { replacePointer } from './replace-pointer.ts';

export interface JournalRecord {
  entry: UndoEntry;
  countdown: CountdownRef;
  /** RFC 3339, by the worker's clock. */
  registeredAt: string;
  /** Null until the undo is settled. */
  settled: { outcome: 'restored' | 'kept'; at: string } | null;
}

/** A file that is not a journal record. */
export interface DamagedRecord {
  file: string;
  /** With the name of the file. */
  problem: string;
}

export interface UndoJournal {
  /** Records an undo before its effect. The same id again returns the first record, whose effect may have been applied. Throws EvidenceNotKept. */
  register(entry: UndoEntry, countdown: CountdownRef): Promise<JournalRecord & { isNew: boolean }>;
  /** Records how an undo ended; one that is missing in the journal is recorded again. Throws EvidenceNotKept. */
  settle(entry: UndoEntry, countdown: CountdownRef, outcome: 'restored' | 'kept'): Promise<void>;
  /** The record of an undo, or null. Throws when it cannot be read. */
  find(id: string): Promise<JournalRecord | null>;
  /** All records, the oldest first, and the damaged files. */
  list(): Promise<{ records: JournalRecord[]; damaged: DamagedRecord[] }>;
}

/** Opens the journal of an evidence folder; `undo/` is created when needed. */
export function openUndoJournal(evidenceFolder: string, now: () => Date = () => new Date()): UndoJournal {
  const folder = join(evidenceFolder, 'undo');
  const fileOf = (id: string): string => join(folder, `${createHash('sha256').update(id).digest('hex')}.json`);

  const write = (record: JournalRecord): Promise<void> =>
    replacePointer(evidenceFolder, fileOf(record.entry.id), `${JSON.stringify(record, null, 2)}\n`);

  return {
    async register(entry, countdown) {
      const found = await read(fileOf(entry.id));
      // A damaged record of this undo is replaced.
      if (found && 'entry' in found) return { ...found, isNew: false };
      const record: JournalRecord = { entry, countdown, registeredAt: now().toISOString(), settled: null };
      await write(record);
      return { ...record, isNew: found === null };
    },
    async settle(entry, countdown, outcome) {
      const at = now().toISOString();
      const found = await read(fileOf(entry.id));
      const known = found && 'entry' in found ? found : { entry, countdown, registeredAt: at };
      if ('settled' in known && known.settled?.outcome === outcome) return;
      await write({ ...known, settled: { outcome, at } });
    },
    async find(id) {
      const found = await read(fileOf(id));
      if (found !== null && 'problem' in found) throw new Error(found.problem);
      return found;
    },
    async list() {
      const names = await readdir(folder).catch(absent([]));
      const found = await Promise.all(names.filter((name) => !name.endsWith(PART)).map((name) => read(join(folder, name))));
      const records = found.filter((each) => each !== null && 'entry' in each);
      const damaged = found.filter((each) => each !== null && 'problem' in each);
      return { records: records.toSorted((a, b) => a.registeredAt.localeCompare(b.registeredAt)), damaged };
    },
  };
}

const text = z.string().min(1);
const ms = z.number().nonnegative();
/** `before` is validated by its kind; an unknown kind of a later version is kept, and its restore is refused. */
const recordSchema = z.object({
  entry: z.object({
    id: text,
    kind: text,
    target: z.object({ cluster: text, key: text }),
    generation: z.number().int().nonnegative(),
    name: text,
    live: z.boolean(),
    scope: z.enum(['step', 'countdown', 'always', 'kept']),
    order: z.number(),
    dueInMs: ms.optional(),
    within: z.object({ restoreMs: ms, proveMs: ms }),
    before: z.unknown(),
    seal: z.object({ keyId: text, signature: text }).optional(),
  }),
  countdown: z.object({ workflowId: text, firstRunId: text, release: text, notify: z.array(z.string()) }),
  registeredAt: z.iso.datetime(),
  settled: z.object({ outcome: z.enum(['restored', 'kept']), at: z.iso.datetime() }).nullable(),
});

/** Null when there is no such file. */
async function read(file: string): Promise<JournalRecord | DamagedRecord | null> {
  let bytes: string;
  try {
    bytes = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    return { file, problem: `${file} cannot be read: ${(error as Error).message}` };
  }
  const json = jsonOf(bytes);
  const parsed = recordSchema.safeParse(json);
  if (parsed.success) return parsed.data as JournalRecord;
  const [issue] = parsed.error.issues;
  const reason = json === undefined ? 'it is not JSON, or is truncated' : `${issue?.path.join('.') || 'the file'}: ${issue?.message}`;
  return {
    file,
    problem: `${file} is not a record of an undo (${reason}); compare the annotations of Deployments and Leases by hand`,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema reports it, like a document of another shape.
    return undefined;
  }
}
