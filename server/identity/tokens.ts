import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { assertPrivate } from '../../activities/identity/private-file.ts';
import { tokenRowsOf, type TokenRow } from '../../release/token-file.ts';
import type { Principal } from '../../verdict/verdict.ts';

// 32 random bytes cannot be guessed, so a plain SHA-256 at rest is enough: slow hashes protect what people choose, not this.
const TOKEN_BYTES = 32;
const TOKEN_PREFIX = 'tminus_';

/** Says who a bearer token belongs to; null for a token that nobody was given. */
export interface Identity {
  authenticate(token: string): Promise<Principal | null>;
  /** The same for a token known only by its hash, with the groups its holder has now; null once it is taken back. */
  holderOf(tokenHash: string): Promise<Principal | null>;
}

/** Identity from a local token file (mode 600). A changed file counts at the next request: a removed token is out at once. */
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

/** Gives a person a token and keeps only its hash. The token is answered once and cannot be shown again. */
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
