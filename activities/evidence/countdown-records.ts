// Record of an ended countdown: status and audit as evidence, and a pointer per run in the folder `records/` of the evidence folder. Temporal
// removes a countdown after its retention period, and only its worker version can query it.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../verdict/digest.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { CountdownStatus, Ending } from '../../verdict/countdown-status.ts';
import { absent } from './absent.ts';
import type { EvidenceStore } from './contract.ts';
import { PART } from '../replace-file.ts';
import { replacePointer } from './replace-pointer.ts';

/** The stored bytes, as canonical JSON. `status.run` is the first run's id. */
export interface CountdownRecord {
  kind: 'CountdownRecord';
  status: CountdownStatus;
  audit: AuditRecord[];
}

const pointerSchema = z.object({
  release: z.string().min(1),
  /** First run id. */
  run: z.string().min(1),
  /** Digest of the record in the evidence store. */
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  service: z.string(),
  verdict: z.enum(['go', 'hold', 'no-go']),
  ending: z.enum(['launched', 'passed', 'no-go', 'rolled-back', 'aborted', 'refused', 'undo-incomplete'] satisfies Ending[]).nullable(),
  rehearsal: z.boolean(),
  launchAt: z.iso.datetime(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
});

/** A row of the list, with the digest of the record. */
export type RecordPointer = z.infer<typeof pointerSchema>;

export interface CountdownRecords {
  /** Stores the record, then its pointer; idempotent. Throws EvidenceNotKept. */
  keep(store: EvidenceStore, record: CountdownRecord): Promise<RecordPointer>;
  /** All pointers, the newest first, and the invalid files. */
  list(): Promise<{ pointers: RecordPointer[]; damaged: string[] }>;
}

/** The records of an evidence folder; `records/` is created when needed. */
export function countdownRecords(evidenceFolder: string): CountdownRecords {
  const folder = join(evidenceFolder, 'records');

  const point = (pointer: RecordPointer): Promise<void> => {
    const name = `${encodeURIComponent(pointer.release)}.${encodeURIComponent(pointer.run)}.json`;
    return replacePointer(evidenceFolder, join(folder, name), `${JSON.stringify(pointer)}\n`);
  };

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

/** Null when the file is not a pointer. */
async function readPointer(path: string): Promise<RecordPointer | null> {
  const text = await readFile(path, 'utf8').catch(absent(''));
  try {
    return pointerSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if ((error as Error).name === 'SyntaxError') return null;
    throw error;
  }
}

/** The record in stored bytes, which the store has verified. Throws when they are not a record. */
export function readCountdownRecord(bytes: Uint8Array, digest: string): CountdownRecord {
  const record = JSON.parse(new TextDecoder().decode(bytes)) as Partial<CountdownRecord> | null;
  if (record?.kind !== 'CountdownRecord' || typeof record.status?.run !== 'string' || !Array.isArray(record.audit))
    throw new Error(`${digest} is not the record of a countdown; its pointer in records/ is wrong`);
  return record as CountdownRecord;
}
