import { describe, expect, it } from '@jest/globals';
import { rmSync, chmodSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeyPair, signaturesOf } from './key-pair.ts';
import { startClaims } from './start-claims.ts';
import { workerKey } from './worker-key.ts';

const files = () => {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  return { privateKey: join(folder, 'own', 'key.pem'), publicKeys: join(folder, 'public') };
};

describe('a key', () => {
  it('is made on first use for its owner alone, and published once', () => {
    const at = files();
    const first = openKeyPair(at);
    expect(statSync(at.privateKey).mode & 0o777).toBe(0o600);
    expect(openKeyPair(at).keyId).toBe(first.keyId);
    expect([readdirSync(join(at.privateKey, '..')), readdirSync(at.publicKeys)]).toEqual([['key.pem'], [`${first.keyId}.pem`]]);
  });

  it('is not used while others can read it', () => {
    const at = files();
    openKeyPair(at);
    chmodSync(at.privateKey, 0o644);
    expect(() => openKeyPair(at)).toThrow(/chmod 600/);
  });

  it('signs one text: another one is different, and another key unknown', async () => {
    const at = files();
    const { keyId, sign } = openKeyPair(at);
    const check = signaturesOf(at.publicKeys);
    const signature = sign('this');
    expect(await check('this', { keyId, signature })).toBe('valid');
    expect(await check('that', { keyId, signature })).toBe('different');
    expect(await check('this', { keyId: openKeyPair(files()).keyId, signature })).toBe('unknown');
    await expect(signaturesOf(join(at.publicKeys, 'nowhere'))('this', { keyId, signature })).rejects.toThrow('ENOENT');
  });

  it('is published again where a full disk has cut its public half short', async () => {
    const at = files();
    const { keyId } = openKeyPair(at);
    writeFileSync(join(at.publicKeys, `${keyId}.pem`), '');
    const { sign } = openKeyPair(at);
    expect(await signaturesOf(at.publicKeys)('this', { keyId, signature: sign('this') })).toBe('valid');
  });
});

describe('the key of the workers', () => {
  const statement = { kind: 'carried' as const, countdown: 'countdown/a', run: 'run-1', state: 'sha256:1' };

  it('is not made by a worker that seals nothing', async () => {
    const at = files();
    expect(await workerKey(at).check(statement, undefined)).toBe('unknown');
    expect(() => statSync(at.privateKey)).toThrow();
  });

  it('is one for all that share its file, and after a loss what it sealed is still believed by its public half', async () => {
    const at = files();
    const seal = workerKey(at).seal(statement);
    expect(workerKey(at).seal(statement)).toEqual(seal);
    const renewed = workerKey({ ...at, privateKey: `${at.privateKey}.new` });
    expect(renewed.seal(statement).keyId).not.toBe(seal.keyId);
    expect(await renewed.check(statement, seal)).toBe('valid');
    expect(await renewed.check({ ...statement, run: 'run-2' }, seal)).toBe('different');
  });
});

describe('the record of starts', () => {
  it('returns the same run to concurrent claims, also after a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'claims-'));
    const runs = ['run-1', 'run-2', 'run-3', 'run-4'];
    const answers = await Promise.all(runs.map((run) => startClaims(folder).claim('../start', run)));
    expect(new Set(answers).size).toBe(1);
    expect(await startClaims(folder).holderOf('../start')).toBe(answers[0]);
    expect(await startClaims(folder).holderOf('another')).toBeNull();
    expect(readdirSync(join(folder, 'starts'))).toHaveLength(1);
  });

  it('fails and admits no run when it cannot be written', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'claims-')), 'a-file');
    writeFileSync(file, '');
    await expect(startClaims(file).claim('start', 'run-1')).rejects.toMatchObject({ name: 'EvidenceNotKept' });
  });
});

it('is not published when the folder is missing: an outage must not look like an empty folder', () => {
  const at = files();
  openKeyPair(at);
  rmSync(at.publicKeys, { recursive: true });
  expect(() => openKeyPair(at)).toThrow('mount or create the folder');
});
