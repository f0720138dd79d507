// Encrypts payloads before they reach Temporal: AES-256-GCM, as in Temporal's own samples, so that a codec server for the web UI is at hand.
// `data` is 12 bytes of nonce, the ciphertext, 16 bytes of tag; the metadata name the key. Rotation: a new key first, the old ones after it.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const ProtoPayload = proto.temporal.api.common.v1.Payload;

export interface PayloadKey {
  id: string;
  /** 32 bytes. */
  key: Uint8Array;
}

/** Names that are shown as they are; any other could hold control characters. */
const KEY_NAME = /^[\w.-]{1,100}$/u;
const ENCODING = 'binary/encrypted';
const KEY_BYTES = 32;
/** What GCM is made for; random nonces of 12 bytes are safe for 2^32 payloads of one key, a countdown has about 1,000. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The first key encrypts, all decrypt. A payload that is not encrypted is passed on as it is: what began before the keys goes on.
 * @param onMissingKey for workers: called with the message, and the payload is returned undecoded. A throw would fail every workflow task of that
 * countdown, its rollback too, and anyone can send a Signal with an unknown key id. Without it `decode` throws.
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
  // Node skips what is no base64: only what reads back the same is a key.
  return key.length === KEY_BYTES && key.toString('base64') === trimmed ? key : null;
}

function encrypt(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = [nonce, cipher.update(ProtoPayload.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
  return { metadata: { encoding: bytesOf(ENCODING), 'encryption-key-id': bytesOf(id) }, data: new Uint8Array(Buffer.concat(sealed)) };
}

/**
 * Bytes that the key does not open were made by nobody who has it; they stay as they are, which the payload converter reads as nothing, for a throw
 * would end all workflow tasks.
 */
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
