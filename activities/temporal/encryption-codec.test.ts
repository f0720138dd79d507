import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { encryptionCodec, readKey } from './encryption-codec.ts';

const [old, fresh] = [
  { id: '2026-05', key: randomBytes(32) },
  { id: '2026-11', key: randomBytes(32) },
];
const SECRET = { release: 'go-api-1.4.0', image: 'registry.local/go-api:sha-91d03ce' };
const payload = defaultPayloadConverter.toPayload(SECRET);
const valueOf = (given: Payload | undefined) => defaultPayloadConverter.fromPayload(given as Payload);
const one = async (given: Promise<Payload[]>): Promise<Payload> => (await given)[0] as Payload;

it('leaves nothing readable, and names the key', async () => {
  const sealed = await one(encryptionCodec([fresh]).encode([payload]));
  expect(Buffer.from(sealed.data as Uint8Array).toString('latin1')).not.toMatch(/go-api|registry|json/);
  expect(Object.fromEntries(Object.entries(sealed.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString()]))).toEqual({
    encoding: 'binary/encrypted',
    'encryption-key-id': '2026-11',
  });
});

it('reads what it wrote, and writes the same twice in two ways', async () => {
  const codec = encryptionCodec([fresh]);
  const [a, b] = [await one(codec.encode([payload])), await one(codec.encode([payload]))];
  expect(valueOf(await one(codec.decode([a])))).toEqual(SECRET);
  expect(a.data).not.toEqual(b.data);
});

describe('rotation', () => {
  it('encrypts with the first key and still reads what the old one wrote', async () => {
    const before = await one(encryptionCodec([old]).encode([payload]));
    const codec = encryptionCodec([fresh, old]);
    expect(valueOf(await one(codec.decode([before])))).toEqual(SECRET);
    expect(Buffer.from((await one(codec.encode([payload]))).metadata?.['encryption-key-id'] as Uint8Array).toString()).toBe('2026-11');
  });

  it('names the missing key, never the encrypted content', async () => {
    const sealed = await one(encryptionCodec([fresh]).encode([payload]));
    await expect(encryptionCodec([old]).decode([sealed])).rejects.toThrow(
      'a payload is encrypted with key 2026-11, which is not in TMINUS_PAYLOAD_KEYS',
    );
  });

  it('passes on to a worker what a key it lacks has encrypted, with a message: a Signal of anybody must not stop a rollback', async () => {
    const messages: string[] = [];
    const sealed = await one(encryptionCodec([fresh]).encode([payload]));
    const codec = encryptionCodec([old], (message) => messages.push(message));
    expect(await one(codec.decode([sealed]))).toEqual(sealed);
    expect(messages).toEqual([expect.stringContaining('key 2026-11, which is not in TMINUS_PAYLOAD_KEYS')]);
  });

  it('passes on what was written before there were keys', async () => {
    expect(valueOf(await one(encryptionCodec([fresh]).decode([payload])))).toEqual(SECRET);
  });
});

it.each([
  ['one byte changed', (data: Uint8Array) => data.map((byte, at) => (at === 20 ? byte ^ 1 : byte))],
  ['its end cut off', (data: Uint8Array) => data.subarray(0, data.length - 1)],
  ['nearly nothing left', (data: Uint8Array) => data.subarray(0, 5)],
  ['no data', () => new Uint8Array()],
])('opens nothing with %s, and does not throw: a workflow task must not fail for good', async (_, change) => {
  const codec = encryptionCodec([fresh]);
  const sealed = await one(codec.encode([payload]));
  const changed = { ...sealed, data: change(sealed.data as Uint8Array) };
  expect(await one(codec.decode([changed]))).toEqual(changed);
});

it('takes 32 bytes in base64 for a key, and nothing else', () => {
  const text = randomBytes(32).toString('base64');
  expect(readKey(`${text}\n`)).toEqual(new Uint8Array(Buffer.from(text, 'base64')));
  for (const wrong of ['', 'hello', randomBytes(16).toString('base64'), randomBytes(33).toString('base64'), `${text}!`])
    expect(readKey(wrong)).toBeNull();
});
