import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporalSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'temporal-settings-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const [ca, crt, key] = [file('ca.pem', 'CA'), file('client.pem', 'CRT'), file('client.key', 'KEY')];
const apiKey = file('api-key', 'secret-api-key\n');
const payloadKey = file('payload.key', Buffer.alloc(32, 7).toString('base64'));

describe('how Temporal is reached', () => {
  it('is unencrypted to this machine by default', async () => {
    expect(await temporalSettings({})).toEqual({ namespace: 'default', connection: { address: '127.0.0.1:7233' }, encryption: null });
  });

  it('is by mutual TLS with an own CA and the name in its certificate', async () => {
    const { connection } = await temporalSettings({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca,
      TEMPORAL_TLS_SERVER_NAME: 'frontend',
      TEMPORAL_TLS_CLIENT_CERT_PATH: crt,
      TEMPORAL_TLS_CLIENT_KEY_PATH: key,
    });
    expect(connection).toEqual({
      address: 'temporal.example:7233',
      tls: {
        serverNameOverride: 'frontend',
        serverRootCACertificate: Buffer.from('CA'),
        clientCertPair: { crt: Buffer.from('CRT'), key: Buffer.from('KEY') },
      },
    });
  });

  it('is by an API key, which goes over TLS only', async () => {
    expect((await temporalSettings({ TEMPORAL_API_KEY_FILE: apiKey })).connection).toMatchObject({ tls: true, apiKey: 'secret-api-key' });
  });

  it("is by TLS with the machine's own CAs", async () => {
    expect((await temporalSettings({ TEMPORAL_TLS: '1' })).connection).toMatchObject({ tls: true });
  });

  it('encrypts payloads and encodes failures with the keys that are named, in their order', async () => {
    const { encryption } = await temporalSettings({ TMINUS_PAYLOAD_KEYS: `a=${payloadKey}, b=${payloadKey}` });
    const [sealed] = await encryption!.payloadCodecs[0]!.encode([{ metadata: {}, data: new Uint8Array([1]) }]);
    expect(Buffer.from(sealed?.metadata?.['encryption-key-id'] as Uint8Array).toString()).toBe('a');
    expect(encryption?.failureConverterPath).toMatch(/encoded-failures\.ts$/);
  });
});

describe('what is refused, with a message that names the variable and never what it holds', () => {
  it.each([
    [
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH names /nowhere/ca.pem, which cannot be read: ENOENT',
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' },
    ],
    ['TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH must both be set', { TEMPORAL_TLS_CLIENT_CERT_PATH: crt }],
    ['TEMPORAL_API_KEY holds the key itself; put it in a file', { TEMPORAL_API_KEY: 'secret-api-key' }],
    ['TEMPORAL_API_KEY_FILE names an empty file', { TEMPORAL_API_KEY_FILE: file('empty', '\n') }],
    ['TEMPORAL_TLS is 1 or 0', { TEMPORAL_TLS: 'yes' }],
    ['TEMPORAL_TLS is off but another TEMPORAL_TLS_ variable is set', { TEMPORAL_TLS: '0', TEMPORAL_TLS_SERVER_NAME: 'x' }],
    ['TMINUS_PAYLOAD_KEYS is `id=file,id=file`', { TMINUS_PAYLOAD_KEYS: payloadKey }],
    ['TMINUS_PAYLOAD_KEYS names the key a twice', { TMINUS_PAYLOAD_KEYS: `a=${payloadKey},a=${payloadKey}` }],
    ['the key a is in /nowhere/key, which cannot be read: ENOENT', { TMINUS_PAYLOAD_KEYS: 'a=/nowhere/key' }],
    ['is not a key; expected 32 bytes in base64', { TMINUS_PAYLOAD_KEYS: `a=${apiKey}` }],
  ])('%s', async (message, env) => {
    const refused = temporalSettings(env as Record<string, string>);
    await expect(refused).rejects.toMatchObject({ name: 'SettingsRefused', message: expect.stringContaining(message) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret-api-key') });
  });
});
