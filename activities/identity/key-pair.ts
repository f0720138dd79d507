// An Ed25519 key in a file that only its owner reads, and its public half in a folder of keys that are trusted. Server and workers each have one.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { assertPrivate } from './private-file.ts';

export interface KeyFiles {
  /** PKCS8 PEM, mode 600. */
  privateKey: string;
  /** Folder of `<keyId>.pem` (SPKI): what is trusted. */
  publicKeys: string;
}

export interface KeyPair {
  keyId: string;
  /** Ed25519 over the UTF-8 bytes of a text, base64. */
  sign(text: string): string;
}

/**
 * Loads the key, making it and its public half on first use. Throws when others can read the private key, and when the key is there and the folder of
 * public keys is not: one that was unmounted for a moment must not be taken for an empty one.
 */
export function openKeyPair({ privateKey, publicKeys }: KeyFiles): KeyPair {
  const isNew = !existsSync(privateKey);
  if (isNew) createKey(privateKey);
  assertPrivate(privateKey);
  const secret = createPrivateKey(readFileSync(privateKey, 'utf8'));
  const open = createPublicKey(secret);
  const keyId = keyIdOf(open);
  if (isNew) mkdirSync(publicKeys, { recursive: true });
  else if (!existsSync(publicKeys))
    throw new Error(`there is no folder ${publicKeys} of public keys, though the key ${privateKey} is there; mount the folder, or make it`);
  publish(path.join(publicKeys, `${keyId}.pem`), open);
  return { keyId, sign: (text) => sign(null, Buffer.from(text, 'utf8'), secret).toString('base64') };
}

/** First 16 hex digits of the key's SHA-256; also keeps a key id from naming a file outside the folder. */
const KEY_ID = /^[0-9a-f]{16}$/;

/**
 * Checks signatures against the keys of a folder; a removed file is a key no longer trusted. Answers `unknown` for a key that is not there, and
 * `different` where the key is trusted and the signature is not over this text. Throws when the folder or the key cannot be read: the folder is made
 * before anything is checked, so one that is not there may be mounted again.
 */
export function signaturesOf(publicKeys: string) {
  return async (text: string, { keyId, signature }: { keyId: string; signature: string }): Promise<'valid' | 'different' | 'unknown'> => {
    const pem = KEY_ID.test(keyId) ? await readKey(publicKeys, keyId) : null;
    if (pem === null) return 'unknown';
    return verify(null, Buffer.from(text, 'utf8'), createPublicKey(pem), Buffer.from(signature, 'base64')) ? 'valid' : 'different';
  };
}

/** Null where the folder has no such key. */
async function readKey(folder: string, keyId: string): Promise<string | null> {
  try {
    return await readFile(path.join(folder, `${keyId}.pem`), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await access(folder);
    return null;
  }
}

/** First 16 hex digits of SHA-256 over the SPKI bytes: short enough for people to compare, long enough never to collide by chance. */
function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

/** Of two processes started at once one makes the key and the other uses it: a link is there whole or not at all, and never replaces a file. */
function createKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const part = `${file}.${randomUUID()}.part`;
  writeFileSync(part, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(part, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(part);
  }
}

/** Whole or not at all, and again where a full disk or a kill left a part of it. */
function publish(file: string, publicKey: KeyObject): void {
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  if (existsSync(file) && readFileSync(file, 'utf8') === pem) return;
  const part = `${file}.${randomUUID()}.part`;
  writeFileSync(part, pem);
  renameSync(part, file);
}
