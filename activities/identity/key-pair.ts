// An Ed25519 key pair: the private key in a file that only its owner can read, the public key in a folder of trusted keys. Server and workers each
// have one.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { assertPrivate } from './private-file.ts';

export interface KeyFiles {
  /** PKCS8 PEM, mode 600. */
  privateKey: string;
  /** Folder of trusted keys, `<keyId>.pem` (SPKI). */
  publicKeys: string;
}

export interface KeyPair {
  keyId: string;
  /** Ed25519 over the UTF-8 bytes of a text, base64. */
  sign(text: string): string;
}

/**
 * Loads the key pair; creates it on first use. Throws when other users can read the private key, and when only the folder of public keys is missing:
 * it may be unmounted.
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
    throw new Error(`the folder ${publicKeys} of public keys is missing, but the key ${privateKey} exists; mount or create the folder`);
  publish(path.join(publicKeys, `${keyId}.pem`), open);
  return { keyId, sign: (text) => sign(null, Buffer.from(text, 'utf8'), secret).toString('base64') };
}

/** First 16 hex digits of the key's SHA-256; prevents paths outside the folder. */
const KEY_ID = /^[0-9a-f]{16}$/;

/**
 * Verifies signatures with the keys in a folder; a removed key is not trusted. `unknown`: no such key; `different`: the signature is not over this
 * text. Throws when folder or key cannot be read, because a missing folder may be unmounted.
 */
export function signaturesOf(publicKeys: string) {
  return async (text: string, { keyId, signature }: { keyId: string; signature: string }): Promise<'valid' | 'different' | 'unknown'> => {
    const pem = KEY_ID.test(keyId) ? await readKey(publicKeys, keyId) : null;
    if (pem === null) return 'unknown';
    return verify(null, Buffer.from(text, 'utf8'), createPublicKey(pem), Buffer.from(signature, 'base64')) ? 'valid' : 'different';
  };
}

/** Null when the folder has no such key. */
async function readKey(folder: string, keyId: string): Promise<string | null> {
  try {
    return await readFile(path.join(folder, `${keyId}.pem`), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await access(folder);
    return null;
  }
}

/** First 16 hex digits of SHA-256 over the SPKI bytes: short enough to compare by eye, without random collisions. */
function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

/** A link is atomic and never replaces a file: of two processes that start at once, one creates the key and both use it. */
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

/** Atomic; replaces a partial file that a full disk or a kill has left. */
function publish(file: string, publicKey: KeyObject): void {
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  if (existsSync(file) && readFileSync(file, 'utf8') === pem) return;
  const part = `${file}.${randomUUID()}.part`;
  writeFileSync(part, pem);
  renameSync(part, file);
}
