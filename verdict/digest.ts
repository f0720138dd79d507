import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from './canonical-json.ts';

// Pure JavaScript hashing, because the workflow sandbox has no crypto and the same digest must come out there, in the server and offline.

/** `sha256:<64 hex>` over the canonical JSON of a value. */
export function digestOf(value: unknown): string {
  return `sha256:${hexDigest(canonicalJson(value))}`;
}

/** 64 hex digits of SHA-256 over the UTF-8 bytes of a text. */
export function hexDigest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
