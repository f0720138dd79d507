import { execFile } from 'node:child_process';
import { generateKeyPairSync, verify } from 'node:crypto';
import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { EMPTY_CHAIN, chainRecord, verifyChain, type AuditRecord } from '../../verdict/audit-chain.ts';
import { canonicalJson } from '../../verdict/digest.ts';
import { auditPath, storeAudit, type AuditFiles } from './audit-file.ts';

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

const linesOf = (records: readonly AuditRecord[]) => records.map((record) => `${canonicalJson(record)}\n`).join('');
const stored = async () =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditRecord);

/** Stores in a process of its own whose files may have 1,024 bytes: the kernel then takes a part of a write, as a disk does that is nearly full. */
async function storeOnFullDisk(records: readonly AuditRecord[]): Promise<unknown> {
  const module = new URL('audit-file.ts', import.meta.url).href;
  const script = `const { storeAudit } = await import(${JSON.stringify(module)});
    await storeAudit(${JSON.stringify(files)}, 'go-api', 'run', ${JSON.stringify(records)});`;
  const limited = 'trap "" XFSZ; ulimit -f 1; exec "$0" --input-type=module --eval "$1"';
  return promisify(execFile)('bash', ['-c', limited, process.execPath, script]);
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
    expect(await stored()).toEqual(records);
  });

  it.each([
    ['a kill in the middle of a line', (line: string) => line.slice(0, 40)],
    ['a kill before the end of a line', (line: string) => line.slice(0, -1)],
    ['a power cut that left zeros where bytes were not yet on the disk', (line: string) => `${'\0'.repeat(40)}${line.slice(40)}\0\0`],
  ])('goes on after %s', async (_, left) => {
    const records = chain(3);
    await storeAudit(files, 'go-api', 'run', records.slice(0, 1));
    await appendFile(path, left(linesOf(records.slice(1, 2))));
    await storeAudit(files, 'go-api', 'run', records.slice(1));
    expect(await readFile(path, 'utf8')).toBe(linesOf(records));
  });

  it('fails when the disk takes only a part of what is written, and goes on once it takes the rest', async () => {
    const records = chain(6);
    await storeAudit(files, 'go-api', 'run', records.slice(0, 1));
    await expect(storeOnFullDisk(records.slice(1, 5))).rejects.toThrow(/EFBIG/);
    expect((await readFile(path)).byteLength).toBe(1024);
    await storeAudit(files, 'go-api', 'run', records.slice(1, 5));
    await storeAudit(files, 'go-api', 'run', records.slice(5));
    expect(await readFile(path, 'utf8')).toBe(linesOf(records));
  });

  it('keeps each record once though an attempt given up for its slow disk still writes beside the next', async () => {
    const records = chain(3);
    await Promise.all([1, 2, 3].map((count) => storeAudit(files, 'go-api', 'run', records.slice(0, count))));
    expect(await stored()).toEqual(records);
  });

  it.each([
    ['a last line that somebody else began', (text: string) => `${text}{"action":"approve.accepted"`],
    ['a line that is none of ours', (text: string) => `${text}\n`],
    ['a line that is no record', (text: string) => `${text}null\n`],
    ['records cut off', (text: string) => text.slice(0, text.indexOf('\n') + 1)],
    ['a record cut into', (text: string) => text.slice(0, -20)],
    ['nothing left', () => ''],
  ])('refuses to build on a file with %s, and leaves it as it is', async (_, change) => {
    const records = chain(3);
    await storeAudit(files, 'go-api', 'run', records.slice(0, 2));
    const changed = change(await readFile(path, 'utf8'));
    await writeFile(path, changed);
    // The same batch again, as after a crash: what was cut off must not be put back unseen.
    for (const batch of [records.slice(0, 2), records])
      await expect(storeAudit(files, 'go-api', 'run', batch)).rejects.toMatchObject({
        type: 'AuditDiverged',
        message: expect.stringMatching(/changed by someone else at record [123]; nothing was written$/),
      });
    expect(await readFile(path, 'utf8')).toBe(changed);
  });

  it.each([
    ['record 2', (text: string) => text.replace(/"hash":"[^"]*"/u, `"hash":"${'0'.repeat(64)}"`)],
    ['its head', (text: string) => text.slice(0, 20)],
  ])('refuses to sign a new head after a change at %s', async (place, change) => {
    const records = chain(3);
    await storeAudit(files, 'go-api', 'run', records.slice(0, 2));
    const changed = change(await readFile(`${path}.head.json`, 'utf8'));
    await writeFile(`${path}.head.json`, changed);
    await expect(storeAudit(files, 'go-api', 'run', records)).rejects.toMatchObject({
      type: 'AuditDiverged',
      message: expect.stringContaining(`changed by someone else at ${place};`),
    });
    expect(await readFile(`${path}.head.json`, 'utf8')).toBe(changed);
  });

  it('stores nothing under a name that leads out of its folder', async () => {
    for (const [release, run] of [
      ['../etc', 'run'],
      ['go-api', '../../run'],
      ['..', 'run'],
      ['', 'run'],
    ] as const)
      await expect(storeAudit(files, release, run, chain(1))).rejects.toMatchObject({ type: 'Refused', nonRetryable: true });
  });

  it('refuses to append to an edited file, and leaves it unchanged', async () => {
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
