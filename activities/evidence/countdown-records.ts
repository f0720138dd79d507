// What is left of a countdown that has ended: its status and audit as one piece of evidence, and in the folder `records/` of the evidence folder a
// small file per run that names the piece. Temporal removes a countdown after its retention, and only its own worker version answers for it.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../verdict/canonical-json.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import { syncFolder } from '../sync-folder.ts';
import { absent } from './absent.ts';
import type { EvidenceStore } from './contract.ts';
import { errorCode, notKept } from './errors.ts';

/** The stored bytes, as canonical JSON. `status.run` is the first run's id. */
export interface CountdownRecord {
  kind: 'CountdownRecord';
  status: CountdownStatus;
  audit: AuditRecord[];
}

/** A row of the list, and where the rest is. */
export interface RecordPointer {
  release: string;
  /** First run id. */
  run: string;
  /** Digest of the record in the evidence store. */
  digest: string;
  service: string;
  verdict: 'go' | 'hold' | 'no-go';
  ending: NonNullable<CountdownStatus['ending']> | null;
  rehearsal: boolean;
  /** RFC 3339, like the two after it. */
  launchAt: string;
  startedAt: string;
  endedAt: string | null;
}

export interface CountdownRecords {
  /** Stores the record, then its pointer. The same record again leaves the same files. Throws EvidenceNotKept. */
  keep(store: EvidenceStore, record: CountdownRecord): Promise<RecordPointer>;
  /** All pointers, the newest first, and the files that are none. */
  list(): Promise<{ pointers: RecordPointer[]; damaged: string[] }>;
}

const PART = '.part';

/** The records of an evidence folder; `records/` is made when it is first needed. */
export function countdownRecords(evidenceFolder: string): CountdownRecords {
  const folder = join(evidenceFolder, 'records');

  async function point(pointer: RecordPointer): Promise<void> {
    const path = join(folder, `${encodeURIComponent(pointer.release)}.${encodeURIComponent(pointer.run)}.json`);
    const part = `${path}.${randomUUID()}${PART}`;
    try {
      await mkdir(folder, { recursive: true });
      const file = await open(part, 'wx', 0o640);
      try {
        await file.writeFile(`${JSON.stringify(pointer)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
      await syncFolder(folder);
    } catch (cause) {
      throw notKept(evidenceFolder, cause);
    }
  }

  return {
    async keep(store, record) {
      const bytes = new TextEncoder().encode(canonicalJson(record));
      const source = `countdown ${record.status.release}`;
      const { digest } = await store.put({ kind: 'countdown-record', mediaType: 'application/json', source }, bytes);
      const pointer = pointerTo(record.status, digest);
      await point(pointer);
      return pointer;
    },
    async list() {
      const names = (await readdir(folder).catch(absent([]))).filter((name) => !name.endsWith(PART));
      const found = await Promise.all(names.map(async (name) => ({ name, pointer: await readPointer(join(folder, name)) })));
      return {
        pointers: found
          .flatMap(({ pointer }) => (pointer ? [pointer] : []))
          .toSorted((a, b) => b.startedAt.localeCompare(a.startedAt) || a.run.localeCompare(b.run)),
        damaged: found.flatMap(({ name, pointer }) => (pointer ? [] : [name])),
      };
    },
  };
}

function pointerTo(status: CountdownStatus, digest: string): RecordPointer {
  const { release, run, service, verdict, ending, rehearsal, launchAt, startedAt, endedAt } = status;
  return {
    release,
    run,
    digest,
    service: `${service.namespace}/${service.name}`,
    verdict,
    ending: ending ?? null,
    rehearsal,
    launchAt,
    startedAt,
    endedAt: endedAt ?? null,
  };
}

const pointerSchema = z.object({
  release: z.string().min(1),
  run: z.string().min(1),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  service: z.string(),
  verdict: z.enum(['go', 'hold', 'no-go']),
  ending: z.string().nullable(),
  rehearsal: z.boolean(),
  launchAt: z.iso.datetime(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
});

/** Null where the file is not a pointer. */
async function readPointer(path: string): Promise<RecordPointer | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  try {
    const parsed = pointerSchema.safeParse(JSON.parse(text));
    return parsed.success ? (parsed.data as RecordPointer) : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as Error).name === 'SyntaxError') return null;
    throw error;
  }
}

/** The record in stored bytes, which the store has checked against their digest. Throws a sentence where they are of another shape. */
export function readCountdownRecord(bytes: Uint8Array, digest: string): CountdownRecord {
  const record = JSON.parse(new TextDecoder().decode(bytes)) as Partial<CountdownRecord> | null;
  if (record?.kind !== 'CountdownRecord' || typeof record.status?.run !== 'string' || !Array.isArray(record.audit))
    throw new Error(`${digest} is not the record of a countdown; records/ beside the evidence names the wrong piece`);
  return record as CountdownRecord;
}
