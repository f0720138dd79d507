import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { canonicalJson } from '../../verdict/canonical-json.ts';
import type { Act, SignedAct } from '../../workflows/messages.ts';
import { assertPrivate } from './private-file.ts';

/** Puts the server's word under an act: "I verified this principal, and this is what they said". */
export interface Signer {
  keyId: string;
  sign(act: Act): SignedAct;
}

export interface SignerFiles {
  /** PKCS8 PEM, mode 600. */
  signingKey: string;
  /** Folder of `<keyId>.pem`: what workers trust. */
  publicKeys: string;
}

/** Loads the Ed25519 key, making it and its public half on first use. Throws when others can read the private key. */
export function loadSigner({ signingKey, publicKeys }: SignerFiles): Signer {
  if (!existsSync(signingKey)) createKey(signingKey);
  assertPrivate(signingKey);
  const privateKey = createPrivateKey(readFileSync(signingKey, 'utf8'));
  const publicKey = createPublicKey(privateKey);
  const keyId = keyIdOf(publicKey);
  publish(path.join(publicKeys, `${keyId}.pem`), publicKey);
  return {
    keyId,
    sign(act) {
      const payload = canonicalJson(act);
      return { payload, keyId, signature: sign(null, Buffer.from(payload, 'utf8'), privateKey).toString('base64') };
    },
  };
}

/** First 16 hex digits of SHA-256 over the SPKI bytes: short enough for people to compare, long enough never to collide by chance. */
function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

function createKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  // `wx`: of two servers started at once, one makes the key and the other fails rather than overwriting it.
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
}

function publish(file: string, publicKey: KeyObject): void {
  if (existsSync(file)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }));
}
