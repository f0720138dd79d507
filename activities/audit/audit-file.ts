// The audit chain of a countdown in a file: one record per line, and a second file with the head up to which all records are on disk.
import { createPrivateKey, sign } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { canonicalJson } from '../../verdict/digest.ts';
import { EMPTY_CHAIN, verifyChain, type AuditRecord, type ChainHead } from '../../verdict/audit-chain.ts';
import { syncFolder } from '../sync-folder.ts';

export interface AuditFiles {
  folder: string;
  /** PKCS8 PEM of the Ed25519 key that signs heads; heads are unsigned without it. */
  signingKeyPem?: string;
}

/** Release names and run ids. They become a path, and anyone with access to the task queue can send others. */
const PLAIN_NAME = /^[a-z0-9][a-z0-9.-]*$/iu;

export const auditPath = ({ folder }: Pick<AuditFiles, 'folder'>, release: string, runId: string): string =>
  join(folder, release, `${runId}.jsonl`);

/**
 * Appends records to a countdown's audit file, fsyncs them, then signs the new head. A retry skips written records and rewrites a partial one; a file
 * or head with other content is never overwritten (`AuditDiverged`).
 */
export async function storeAudit(files: AuditFiles, release: string, runId: string, records: readonly AuditRecord[]): Promise<void> {
  if (![release, runId].every((name) => PLAIN_NAME.test(name)))
    throw ApplicationFailure.nonRetryable(`${release} and ${runId} are not a release name and a run id; nothing was stored`, 'Refused');
  const path = auditPath(files, release, runId);
  await inTurn(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const stored = await readAudit(path);
    const missing = records.filter(({ seq }) => seq > stored.records.length);
    const check = verifyChain([...stored.records, ...missing]);
    const changedAt = check.ok ? firstChange(stored, records, await readHead(path)) : `record ${check.seq}`;
    if (!check.ok || changedAt !== null)
      throw ApplicationFailure.nonRetryable(
        `the audit file of ${release} was changed by someone else at ${changedAt}; nothing was written`,
        'AuditDiverged',
      );
    // In place: a full disk has no room for a copy.
    if (stored.rest.byteLength > 0) await truncate(path, stored.sizeBytes);
    if (missing.length > 0) await appendFile(path, linesOf(missing), { mode: 0o640, flush: true });
    await signHead(files, path, check.head);
  });
}

/** Writes in progress, by path. */
const writing = new Map<string, Promise<void>>();

/** Serialises writes: an attempt that timed out on a hanging disk may still write, and the next one would append the same records. */
async function inTurn(path: string, write: () => Promise<void>): Promise<void> {
  const turn = (writing.get(path) ?? Promise.resolve()).then(write, write);
  writing.set(path, turn);
  try {
    await turn;
  } finally {
    if (writing.get(path) === turn) writing.delete(path);
  }
}

interface StoredAudit {
  /** Complete records from the start of the file. */
  records: AuditRecord[];
  sizeBytes: number;
  /** Bytes after them: of an interrupted write, or of someone else. */
  rest: Buffer;
}

async function readAudit(path: string): Promise<StoredAudit> {
  const bytes = (await readIfThere(path)) ?? Buffer.alloc(0);
  const records: AuditRecord[] = [];
  let sizeBytes = 0;
  for (;;) {
    const end = bytes.indexOf('\n', sizeBytes);
    const record = end < 0 ? null : recordIn(bytes.toString('utf8', sizeBytes, end));
    if (record === null) return { records, sizeBytes, rest: bytes.subarray(sizeBytes) };
    records.push(record);
    sizeBytes = end + 1;
  }
}

/**
 * The first change by someone else, or null. Up to the signed head the file must match it; after the last complete record there may only be the start
 * of the records to store, with zeros where a power failure lost bytes.
 */
function firstChange({ records, rest }: StoredAudit, toStore: readonly AuditRecord[], head: ChainHead | null): string | null {
  const differs = toStore.find(({ seq, hash }) => seq <= records.length && records[seq - 1]?.hash !== hash);
  if (differs) return `record ${differs.seq}`;
  if (head === null) return 'its head';
  if (head.seq > records.length) return `record ${records.length + 1}`;
  if (head.seq > 0 && records[head.seq - 1]?.hash !== head.hash) return `record ${head.seq}`;
  const expected = Buffer.from(linesOf(toStore.filter(({ seq }) => seq > records.length)));
  const ours = rest.every((byte, at) => at < expected.byteLength && (byte === expected[at] || byte === 0));
  return ours ? null : `record ${records.length + 1}`;
}

/** The last signed head, or that of an empty chain when there is none; null when it is invalid. */
async function readHead(path: string): Promise<ChainHead | null> {
  const bytes = await readIfThere(headPath(path));
  if (bytes === null) return EMPTY_CHAIN;
  const head = objectIn(bytes.toString());
  return head && Number.isInteger(head['seq']) && typeof head['hash'] === 'string' ? (head as unknown as ChainHead) : null;
}

async function signHead({ signingKeyPem }: AuditFiles, path: string, head: ChainHead): Promise<void> {
  const payload = canonicalJson(head);
  const signature = signingKeyPem ? sign(null, Buffer.from(payload), createPrivateKey(signingKeyPem)).toString('base64') : null;
  await writeFile(`${headPath(path)}.new`, `${JSON.stringify({ ...head, signature })}\n`, { flush: true });
  await rename(`${headPath(path)}.new`, headPath(path));
  await syncFolder(dirname(path));
}

const headPath = (path: string): string => `${path}.head.json`;

const linesOf = (records: readonly AuditRecord[]): string => records.map((record) => `${canonicalJson(record)}\n`).join('');

const recordIn = (line: string): AuditRecord | null => objectIn(line) as AuditRecord | null;

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
