// Encrypts payloads with AES-256-GCM in the format of Temporal's samples, so existing codec servers work with the web UI: `data` is 12 bytes of
// nonce, ciphertext, 16 bytes of tag, the metadata names the key. To rotate, put the new key before the old ones.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const ProtoPayload = proto.temporal.api.common.v1.Payload;

export interface PayloadKey {
  id: string;
  /** 32 bytes. */
  key: Uint8Array;
}

/** Names that are logged unquoted; others may contain control characters. */
const KEY_NAME = /^[\w.-]{1,100}$/u;
const ENCODING = 'binary/encrypted';
const KEY_BYTES = 32;
/** GCM's standard size; random nonces are safe for 2^32 payloads per key, and a countdown has about 1,000. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The first key encrypts, all decrypt; unencrypted payloads of older countdowns pass unchanged. Without `onMissingKey` an unknown key throws: a worker
 * must not, because anyone can send a Signal with an unknown key id, and it would then fail every workflow task, the rollback's included.
 */
export function encryptionCodec(keys: readonly PayloadKey[], onMissingKey?: (message: string) => void): PayloadCodec {
  const [newest] = keys;
  if (!newest) throw new RangeError('a codec needs a key');
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, newest)),
    decode: async (payloads) =>
      payloads.map((payload) => (textOf(payload.metadata?.['encoding']) === ENCODING ? decrypt(payload, byId, onMissingKey) : payload)),
  };
}

/** Null when the text is not 32 bytes in base64. */
export function readKey(text: string): Uint8Array | null {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64');
  // Node ignores invalid base64 characters, so the text must round-trip.
  return key.length === KEY_BYTES && key.toString('base64') === trimmed ? key : null;
}

function encrypt(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = [nonce, cipher.update(ProtoPayload.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
  return { metadata: { encoding: bytesOf(ENCODING), 'encryption-key-id': bytesOf(id) }, data: new Uint8Array(Buffer.concat(sealed)) };
}

/** Bytes that fail authentication are returned unchanged: a throw would fail every workflow task. */
function decrypt(payload: Payload, keys: ReadonlyMap<string, Uint8Array>, onMissingKey?: (message: string) => void): Payload {
  const id = textOf(payload.metadata?.['encryption-key-id']);
  const key = keys.get(id);
  if (!key) {
    const name = id === '' ? '(unnamed)' : KEY_NAME.test(id) ? id : JSON.stringify(id.slice(0, 100));
    const message = `a payload is encrypted with key ${name}, which is not in TMINUS_PAYLOAD_KEYS`;
    if (!onMissingKey) throw new Error(message);
    onMissingKey(message);
    return payload;
  }
  const data = payload.data ?? new Uint8Array();
  if (data.length < NONCE_BYTES + TAG_BYTES) return payload;
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
  const opened = decipher.update(data.subarray(NONCE_BYTES, data.length - TAG_BYTES));
  try {
    return ProtoPayload.decode(Buffer.concat([opened, decipher.final()]));
  } catch {
    return payload;
  }
}

const textOf = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
