import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

// Digests in pure JavaScript: the workflow sandbox has no crypto, and the digest must be the same there, in the server and offline.

/** `sha256:<64 hex>` over the canonical JSON of a value. */
export function digestOf(value: unknown): string {
  return `sha256:${hexDigest(canonicalJson(value))}`;
}

/** 64 hex digits of SHA-256 over the UTF-8 bytes of a text. */
export function hexDigest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** `sha256:<64 hex>` over what a countdown is started with, without the signature over it and without state carried from an earlier run. */
export function inputDigest(input: object): string {
  return digestOf({ ...input, start: undefined, carried: undefined });
}

/**
 * One byte sequence for one value (RFC 8785): keys sorted by UTF-16 code units, no spaces, no `undefined` members.
 * Throws TypeError for what JSON cannot represent exactly (NaN, Infinity, functions), because its digest would be ambiguous.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot represent ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`canonical JSON cannot represent a ${typeof value}`);
}
