import { generateKeyPairSync, verify } from 'node:crypto';
import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { EMPTY_CHAIN, chainRecord, verifyChain, type AuditRecord } from '../../verdict/audit-chain.ts';
import { canonicalJson } from '../../verdict/canonical-json.ts';
import { auditPath, readAudit, storeAudit, type AuditFiles } from './audit-file.ts';

function chain(count: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  while (records.length < count)
    records.push(
      chainRecord(records.at(-1) ?? EMPTY_CHAIN, {
        at: '2026-11-24T06:00:00Z',
        actor: 'tminus',
        action: 'step.started',
        object: 'launch',
        detail: String(records.length),
      }),
    );
  return records;
}

let files: AuditFiles;
let path: string;
beforeEach(async () => {
  files = { folder: await mkdtemp(join(tmpdir(), 'tminus-audit-')) };
  path = auditPath(files, 'go-api', 'run');
});

describe('storeAudit', () => {
  it('keeps each record once though the same batch is stored again after a crash', async () => {
    const records = chain(3);
    await storeAudit(files, 'go-api', 'run', records.slice(0, 2));
    await storeAudit(files, 'go-api', 'run', records.slice(0, 2));
    await storeAudit(files, 'go-api', 'run', records);
    expect(await readAudit(path)).toEqual(records);
  });

  it('goes on after a kill in the middle of a line', async () => {
    const records = chain(2);
    await storeAudit(files, 'go-api', 'run', records.slice(0, 1));
    await appendFile(path, canonicalJson(records[1]).slice(0, 40));
    await storeAudit(files, 'go-api', 'run', records);
    expect(verifyChain(await readAudit(path))).toMatchObject({ ok: true, records: 2 });
  });

  it('refuses to build on a file that somebody edited, and leaves it as it is', async () => {
    const records = chain(3);
    await storeAudit(files, 'go-api', 'run', records.slice(0, 2));
    const edited = (await readFile(path, 'utf8')).replace('step.started', 'step.skipped');
    await writeFile(path, edited);
    await expect(storeAudit(files, 'go-api', 'run', records)).rejects.toThrow(/changed by someone else at record 1/);
    expect(await readFile(path, 'utf8')).toBe(edited);
  });

  it('signs the head, so that a cut-off tail shows', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const records = chain(2);
    await storeAudit({ ...files, signingKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }, 'go-api', 'run', records);
    const { signature, ...head } = JSON.parse(await readFile(`${path}.head.json`, 'utf8')) as {
      seq: number;
      hash: string;
      signature: string;
    };
    expect(verify(null, Buffer.from(canonicalJson(head)), publicKey, Buffer.from(signature, 'base64'))).toBe(true);
    expect(verifyChain(records.slice(0, 1), head)).toMatchObject({ ok: false });
  });
});
