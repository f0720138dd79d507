// A real Temporal server as a company runs it: mutual TLS, an own CA, API keys (JSON web tokens) with rights per namespace. For tests only.
import { execFileSync, spawn } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { temporalSettings, type TemporalSettings } from '../activities/temporal/settings.ts';
import { isFree, takenPorts, writeTemporalConfig } from '../workers/temporal-server.ts';

/** Set-up of the SQLite stores takes 6 s, on a busy machine several times that. */
const READY_TIMEOUT_MS = 90_000;
/** The name in its certificate: not that of its address, as behind a load balancer. */
const SERVER_NAME = 'temporal.tminus.test';

export interface SecuredTemporal {
  folder: string;
  /** Variables of a process that may do what the rights say: `shop:write`, `temporal-system:admin`. */
  env(permissions: string[]): Record<string, string>;
  /** As a process with these variables reads them. */
  settings(permissions: string[], more?: Record<string, string>): Promise<TemporalSettings>;
  stop(): Promise<void>;
}

export async function securedTemporal(): Promise<SecuredTemporal> {
  const program = process.env['TMINUS_TOOL_TEMPORAL_SERVER'];
  if (!program) throw new Error('TMINUS_TOOL_TEMPORAL_SERVER names no Temporal server: `./scripts/lab tool temporal` builds one');
  const folder = mkdtempSync(join(tmpdir(), 'tminus-secured-'));
  makeKeys(folder);
  const issuer = await tokenIssuer();
  const port = await freePorts();
  const config = writeTemporalConfig({ folder, port });
  secure(config, folder, port, issuer.url);
  const services = ['frontend', 'internal-frontend', 'history', 'matching', 'worker'].flatMap((name) => ['--service', name]);
  const server = spawn(program, ['--config-file', config, 'start', ...services], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (said = `${said}${String(chunk)}`.slice(-4_000)));
  const env = (permissions: string[]) => {
    const token = join(folder, `token-${permissions.join('-').replaceAll(':', '.')}`);
    writeFileSync(token, issuer.token(permissions), { mode: 0o600 });
    return {
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(folder, 'ca.crt'),
      TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
      TEMPORAL_TLS_CLIENT_CERT_PATH: join(folder, 'client.crt'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: join(folder, 'client.key'),
      TEMPORAL_API_KEY_FILE: token,
    };
  };
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const gone = new Promise((done) => server.once('exit', done));
      server.kill('SIGTERM');
      await gone;
    }
    issuer.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const settings: SecuredTemporal['settings'] = (permissions, more = {}) => temporalSettings({ ...env(permissions), ...more });
  await untilReady(await settings(['temporal-system:admin']), () => said).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { folder, env, settings, stop };
}

async function untilReady({ connection }: TemporalSettings, said: () => string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      const open = await Connection.connect({ ...connection, connectTimeout: 2_000 });
      try {
        await open.workflowService.listNamespaces({});
      } finally {
        await open.close();
      }
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`the Temporal server did not come up: ${said()}`, { cause: error });
      await new Promise((again) => setTimeout(again, 500));
    }
  }
}

/** The laptop's configuration with TLS in front and rights behind it; the server's own services talk past both. */
function secure(path: string, folder: string, port: number, issuer: string): void {
  const config = JSON.parse(readFileSync(path, 'utf8'));
  const at = (name: string) => join(folder, name);
  const client = { serverName: SERVER_NAME, rootCaFiles: [at('ca.crt')] };
  config.global.tls = {
    frontend: {
      server: { certFile: at('server.crt'), keyFile: at('server.key'), requireClientAuth: true, clientCaFiles: [at('ca.crt')] },
      client,
    },
  };
  config.global.authorization = {
    jwtKeyProvider: { keySourceURIs: [issuer], refreshInterval: '1m' },
    permissionsClaimName: 'permissions',
    authorizer: 'default',
    claimMapper: 'default',
  };
  config.services['internal-frontend'] = { rpc: { ...internalFrontendPorts(port), bindOnLocalHost: true } };
  writeFileSync(path, JSON.stringify(config));
}

function makeKeys(folder: string): void {
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const key = (name: string) => openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`);
  key('ca');
  openssl('req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=tminus-test-ca', '-days', '2', '-out', 'ca.crt');
  for (const [name, subject] of [
    ['server', SERVER_NAME],
    ['client', 'tminus'],
  ] as const) {
    key(name);
    openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${subject}`, '-out', `${name}.csr`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=DNS:${subject}\n`);
    const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-extfile', `${name}.ext`, '-days', '2', ...authority, '-out', `${name}.crt`);
  }
}

/** Signs tokens, and tells the server by which key. */
async function tokenIssuer(): Promise<{ url: string; token(permissions: string[]): string; close(): void }> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' };
  const server = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys.json`,
    token(permissions) {
      const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'test' })}.${part({ sub: 'tminus', permissions, exp: Math.floor(Date.now() / 1_000) + 7_200 })}`;
      return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
    },
    close: () => void server.close(),
  };
}

/** A frontend port whose neighbours are free, too. */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = 21_000 + Math.floor(Math.random() * 8_000);
    const internal = await Promise.all(Object.values(internalFrontendPorts(port)).map(isFree));
    if ((await takenPorts(port)).length === 0 && internal.every(Boolean)) return port;
  }
}

/** One more service than on a laptop, by which the others reach the frontend past its TLS. */
const internalFrontendPorts = (port: number) => ({ grpcPort: port + 4, membershipPort: port - 296 });
