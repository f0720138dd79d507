import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { assertPrivate } from '../../activities/identity/private-file.ts';
import { tokenRowsOf, type TokenRow } from '../../release/token-file.ts';
import type { Principal } from '../../verdict/verdict.ts';

// 32 random bytes cannot be guessed, so SHA-256 at rest is enough; slow hashes are for passwords that people choose.
const TOKEN_BYTES = 32;
const TOKEN_PREFIX = 'tminus_';

/** The principal of a bearer token; null for an unknown token. */
export interface Identity {
  authenticate(token: string): Promise<Principal | null>;
  /** The same by the hash of the token, with the current groups; null after the token was removed. */
  holderOf(tokenHash: string): Promise<Principal | null>;
}

/** Identity from a local token file (mode 600). The file is read again when it changes, so that a removed token is refused at once. */
export function tokenFileIdentity(file: string): Identity {
  let known: { stamp: string; byHash: Map<string, TokenRow> } | null = null;
  const holderOf = async (tokenHash: string): Promise<Principal | null> => {
    const { mtimeMs, size, ino } = statSync(file);
    const stamp = `${mtimeMs}/${size}/${ino}`;
    if (known?.stamp !== stamp) known = { stamp, byHash: new Map(readTokens(file).map((row) => [row.sha256, row])) };
    const row = known.byHash.get(tokenHash);
    if (!row) return null;
    const { issuer, subject, displayName, groups } = row;
    return { issuer, subject, displayName, groups, verified: true };
  };
  return { holderOf, authenticate: (token) => holderOf(hashOf(token)) };
}

/** Creates a token and stores only its hash. The token is returned once. */
export function createToken(file: string, person: Pick<Principal, 'subject' | 'displayName' | 'groups'>): string {
  const token = `${TOKEN_PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  const { subject, displayName, groups } = person;
  const tokens = [...(existsSync(file) ? readTokens(file) : []), { sha256: hashOf(token), issuer: 'local', subject, displayName, groups }];
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.next`;
  writeFileSync(next, stringify({ tokens }), { mode: 0o600 });
  renameSync(next, file);
  return token;
}

function readTokens(file: string): TokenRow[] {
  assertPrivate(file);
  return tokenRowsOf(readFileSync(file, 'utf8'), file);
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
