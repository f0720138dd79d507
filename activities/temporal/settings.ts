// Connection to Temporal from environment variables (docs/reference/variables.md), named as in Temporal's own tools. Secrets are in files.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PayloadCodec } from '@temporalio/common';
import { encryptionCodec, readKey, type PayloadKey } from './encryption-codec.ts';

export interface TemporalSettings {
  namespace: string;
  /** For client and worker connections. */
  connection: {
    address: string;
    tls?:
      | true
      | { serverNameOverride?: string; serverRootCACertificate?: Uint8Array; clientCertPair?: { crt: Uint8Array; key: Uint8Array } };
    apiKey?: string;
  };
  /** Null without encryption. Workers pass payloads with an unknown key through, see encryption-codec.ts. */
  encryption: { payloadCodecs: PayloadCodec[]; workerCodecs: PayloadCodec[]; failureConverterPath: string } | null;
}

/** The message names the variable, never its value. */
export class SettingsRefused extends Error {
  override readonly name = 'SettingsRefused';
}

const DEFAULT_ADDRESS = '127.0.0.1:7233';

/** Encodes message and stack of failures as payloads, which are then encrypted. The workflow bundle has the same converter. */
const FAILURE_CONVERTER = join(import.meta.dirname, 'encoded-failures.ts');

/** Reads the files that the variables name. Throws SettingsRefused. */
export async function temporalSettings(env: Readonly<Record<string, string | undefined>>): Promise<TemporalSettings> {
  const tls = await tlsOf(env);
  const apiKey = env['TEMPORAL_API_KEY_FILE'] ? (await read(env, 'TEMPORAL_API_KEY_FILE')).toString('utf8').trim() : null;
  if (env['TEMPORAL_API_KEY'])
    throw new SettingsRefused('TEMPORAL_API_KEY holds the key itself; put it in a file and name that in TEMPORAL_API_KEY_FILE');
  if (apiKey === '') throw new SettingsRefused('TEMPORAL_API_KEY_FILE names an empty file');
  const keys = await payloadKeys(env['TMINUS_PAYLOAD_KEYS']);
  return {
    namespace: env['TEMPORAL_NAMESPACE'] || 'default',
    connection: {
      address: env['TEMPORAL_ADDRESS'] || DEFAULT_ADDRESS,
      // Left out, the SDK would enable TLS only for an API key.
      ...(tls === null && apiKey === null ? {} : { tls: tls ?? true }),
      ...(apiKey === null ? {} : { apiKey }),
    },
    encryption:
      keys.length === 0
        ? null
        : {
            payloadCodecs: [encryptionCodec(keys)],
            workerCodecs: [encryptionCodec(keys, logOnce)],
            failureConverterPath: FAILURE_CONVERTER,
          },
  };
}

const written = new Set<string>();
/** Key ids are chosen by the sender of a payload. */
const MAX_LOGGED_MESSAGES = 100;
/** A replayed history would repeat the message hundreds of times. */
function logOnce(message: string): void {
  if (written.has(message) || written.size >= MAX_LOGGED_MESSAGES) return;
  written.add(message);
  process.stderr.write(`tminus worker: ${message}\n`);
}

type Tls = NonNullable<TemporalSettings['connection']['tls']>;

async function tlsOf(env: Readonly<Record<string, string | undefined>>): Promise<Tls | null> {
  const named = (name: string) => (env[name] ? read(env, name) : null);
  const [ca, crt, key] = await Promise.all([
    named('TEMPORAL_TLS_SERVER_CA_CERT_PATH'),
    named('TEMPORAL_TLS_CLIENT_CERT_PATH'),
    named('TEMPORAL_TLS_CLIENT_KEY_PATH'),
  ]);
  if ((crt === null) !== (key === null))
    throw new SettingsRefused('TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH must both be set');
  const serverName = env['TEMPORAL_TLS_SERVER_NAME'];
  const asked = env['TEMPORAL_TLS'];
  const any = ca !== null || crt !== null || Boolean(serverName);
  if (asked !== undefined && !['', '0', '1', 'false', 'true'].includes(asked))
    throw new SettingsRefused(`TEMPORAL_TLS is 1 or 0, not ${JSON.stringify(asked)}`);
  if (any && (asked === '0' || asked === 'false'))
    throw new SettingsRefused('TEMPORAL_TLS is off but another TEMPORAL_TLS_ variable is set; unset one of them');
  if (!any) return asked === '1' || asked === 'true' ? true : null;
  return {
    ...(serverName ? { serverNameOverride: serverName } : {}),
    ...(ca ? { serverRootCACertificate: ca } : {}),
    ...(crt && key ? { clientCertPair: { crt, key } } : {}),
  };
}

async function read(env: Readonly<Record<string, string | undefined>>, name: string): Promise<Buffer> {
  const path = env[name] ?? '';
  return await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new SettingsRefused(`${name} names ${path}, which cannot be read: ${error.code ?? error.message}`);
  });
}

async function payloadKeys(text: string | undefined): Promise<PayloadKey[]> {
  const keys: PayloadKey[] = [];
  for (const part of (text ?? '').split(',').filter((each) => each.trim() !== '')) {
    const [id = '', ...rest] = part.trim().split('=');
    const path = rest.join('=');
    if (id === '' || path === '')
      throw new SettingsRefused('TMINUS_PAYLOAD_KEYS is `id=file,id=file`; the first key encrypts, all decrypt');
    if (keys.some((key) => key.id === id)) throw new SettingsRefused(`TMINUS_PAYLOAD_KEYS names the key ${id} twice`);
    const bytes = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new SettingsRefused(`TMINUS_PAYLOAD_KEYS: the key ${id} is in ${path}, which cannot be read: ${error.code ?? error.message}`);
    });
    const key = readKey(bytes);
    if (key === null)
      throw new SettingsRefused(
        `TMINUS_PAYLOAD_KEYS: ${path} is not a key; expected 32 bytes in base64, as printed by \`openssl rand -base64 32\``,
      );
    keys.push({ id, key });
  }
  return keys;
}
