import { createPrivateKey, sign } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { canonicalJson } from '../../verdict/canonical-json.ts';
import { verifyChain, type AuditRecord } from '../../verdict/audit-chain.ts';

export interface AuditFiles {
  folder: string;
  /** PKCS8 PEM of the Ed25519 key that signs heads; heads are unsigned without it. */
  signingKeyPem?: string;
}

export const auditPath = ({ folder }: Pick<AuditFiles, 'folder'>, release: string, runId: string): string =>
  join(folder, release, `${runId}.jsonl`);

/**
 * Appends records to a countdown's audit file and signs the new head. A retry finds what it already wrote and skips it; a file that says
 * something else is never overwritten (`AuditDiverged`).
 */
export async function storeAudit(files: AuditFiles, release: string, runId: string, records: readonly AuditRecord[]): Promise<void> {
  const path = auditPath(files, release, runId);
  await mkdir(dirname(path), { recursive: true });
  const stored = await readAudit(path);
  const missing = records.filter((record) => record.seq > stored.length);
  const diverged = records.find((record) => record.seq <= stored.length && stored[record.seq - 1]?.hash !== record.hash);
  const check = verifyChain([...stored, ...missing]);
  if (diverged || !check.ok) {
    const seq = diverged?.seq ?? (check.ok ? 0 : check.seq);
    throw ApplicationFailure.nonRetryable(
      `the audit file of ${release} was changed by someone else at record ${seq}; it is left as it is`,
      'AuditDiverged',
    );
  }
  if (missing.length > 0) await appendDurably(path, missing);
  await signHead(files, path, check.head);
}

/** Whole records of the file; a last line cut off by a crash is not a record, and is dropped before the next append. */
export async function readAudit(path: string): Promise<AuditRecord[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) {
    await writeFile(`${path}.mend`, whole);
    await rename(`${path}.mend`, path);
  }
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditRecord);
}

async function appendDurably(path: string, records: readonly AuditRecord[]): Promise<void> {
  const file = await open(path, 'a', 0o640);
  try {
    await file.write(records.map((record) => `${canonicalJson(record)}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}

async function signHead({ signingKeyPem }: AuditFiles, path: string, head: { seq: number; hash: string }): Promise<void> {
  const payload = canonicalJson(head);
  const signature = signingKeyPem ? sign(null, Buffer.from(payload), createPrivateKey(signingKeyPem)).toString('base64') : null;
  await writeFile(`${path}.head.json.new`, `${JSON.stringify({ ...head, signature })}\n`);
  await rename(`${path}.head.json.new`, `${path}.head.json`);
}
