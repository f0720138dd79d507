// docker-compose.yml, read by the real docker-compose.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../release/environment.ts';
import { loadEnvironment } from '../release/load.ts';

const root = join(import.meta.dirname, '..');

interface Service {
  image: string;
  command: string[] | null;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  ports?: { host_ip: string; published: string }[];
  healthcheck?: { test: string[] };
  restart?: string;
  secrets?: { source: string }[];
  volumes?: { type: string; source: string; target: string; read_only?: boolean }[];
  build?: { dockerfile: string; target: string };
  networks?: Record<string, unknown>;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
}

/** `docker-compose config` over a file, with just the settings a team has to give. */
const settings = { TMINUS_PAGE_BASE: 'https://tminus.example.com' };
function compose(file: string, env: Record<string, string> = settings, ...options: string[]) {
  const program = process.env['TMINUS_TOOL_COMPOSE'];
  if (!program)
    throw new Error('docker-compose is needed for these tests: set TMINUS_TOOL_COMPOSE to what `scripts/lab tool compose` prints');
  const { status, stdout, stderr } = spawnSync(
    program,
    ['--project-directory', root, '-f', file, ...options, 'config', '--format', 'json'],
    {
      env: { HOME: tmpdir(), ...env },
      encoding: 'utf8',
    },
  );
  return { status, stderr, services: () => (JSON.parse(stdout) as { services: Record<string, Service> }).services };
}

const file = join(root, 'docker-compose.yml');
const text = readFileSync(file, 'utf8');
/** The file with one change, elsewhere. */
function changed(from: string, to: string): string {
  expect(text).toContain(from);
  const path = join(mkdtempSync(join(tmpdir(), 'tminus-compose-')), 'docker-compose.yml');
  writeFileSync(path, text.replace(from, to));
  return path;
}

describe('docker-compose.yml', () => {
  let services: Record<string, Service>;
  beforeAll(() => {
    const read = compose(file);
    expect({ status: read.status, stderr: read.stderr }).toEqual({ status: 0, stderr: '' });
    services = read.services();
  });
  const named = (name: string): Service =>
    services[name] ??
    (() => {
      throw new Error(`there is no service ${name}`);
    })();
  const waits = (name: string) =>
    Object.fromEntries(Object.entries(named(name).depends_on ?? {}).map(([on, { condition }]) => [on, condition]));

  it('has the database, Temporal with its jobs and page, and Tminus', () => {
    expect(Object.keys(services).sort()).toEqual([
      'postgres',
      'temporal',
      'temporal-namespace',
      'temporal-schema',
      'temporal-ui',
      'tminus-load',
      'tminus-server',
      'tminus-worker',
    ]);
  });

  it('starts each part only after what it needs', () => {
    expect(waits('temporal-schema')).toEqual({ postgres: 'service_healthy' });
    expect(waits('temporal')).toEqual({ 'temporal-schema': 'service_completed_successfully' });
    expect(waits('temporal-namespace')).toEqual({ temporal: 'service_healthy' });
    expect(waits('temporal-ui')).toEqual({ temporal: 'service_healthy' });
    expect(waits('tminus-server')).toEqual({ temporal: 'service_healthy', 'temporal-namespace': 'service_completed_successfully' });
    expect(waits('tminus-worker')).toEqual({
      ...waits('tminus-server'),
      'tminus-server': 'service_healthy',
      'tminus-load': 'service_started',
    });
  });

  it('has a health check wherever somebody waits for health', () => {
    const waitedFor = new Set(
      Object.keys(services).flatMap((name) =>
        Object.entries(waits(name))
          .filter(([, condition]) => condition === 'service_healthy')
          .map(([on]) => on),
      ),
    );
    expect([...waitedFor].filter((name) => !named(name).healthcheck)).toEqual([]);
    expect(waitedFor.size).toBe(3);
  });

  it('pins each image, and takes none that is deprecated', () => {
    for (const { image } of Object.values(services)) {
      expect(image).toMatch(/:[0-9][0-9.]*$/);
      expect(image).not.toContain('auto-setup');
    }
    expect(named('temporal').image).toBe('temporalio/server:1.32.0');
  });

  it('listens on loopback only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.map(({ published }) => published).sort()).toEqual(['7233', '7480', '8080']);
    expect(ports.filter(({ host_ip: host }) => host !== '127.0.0.1')).toEqual([]);
  });

  it('gives Temporal 512 shards, which can never be changed afterwards', () => {
    expect(named('temporal').environment).toMatchObject({ DB: 'postgres12', NUM_HISTORY_SHARDS: '512' });
  });

  it('holds no password: secrets come from files', () => {
    expect(
      Object.values(services)
        .flatMap(({ environment }) => Object.entries(environment ?? {}))
        .filter(([name]) => /PASSWORD$|PWD$|TOKEN/.test(name)),
    ).toEqual([]);
    expect(['postgres', 'temporal-schema', 'temporal'].map((name) => named(name).secrets?.map(({ source }) => source))).toEqual([
      ['postgres-password'],
      ['postgres-password'],
      ['postgres-password'],
    ]);
    expect(named('tminus-worker').secrets?.map(({ source }) => source)).toEqual(['kubeconfig']);
  });

  it('keeps the signing key with the server alone, and the key of the workers with them', () => {
    const mounts = (name: string) =>
      (named(name).volumes ?? []).map(({ source, read_only: readOnly }) => (readOnly ? `${source} (read)` : source));
    expect(mounts('tminus-server')).toEqual(expect.arrayContaining(['identity', 'public-keys', 'evidence']));
    expect(mounts('tminus-worker')).toEqual(expect.arrayContaining(['public-keys (read)', 'evidence', 'audit', 'worker-identity']));
    expect(mounts('tminus-server')).not.toContain('worker-identity');
    expect(mounts('tminus-worker')).not.toContain('identity');
  });

  it('runs load scripts in a service without secrets, on a network of its own', () => {
    const load = named('tminus-load');
    expect({ secrets: load.secrets ?? [], environment: load.environment ?? {}, ports: load.ports ?? [] }).toEqual({
      secrets: [],
      environment: {},
      ports: [],
    });
    expect(load.volumes?.map(({ source, target }) => [source, target])).toEqual([['k6', '/var/lib/tminus/k6']]);
    expect(load).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    const others = Object.entries(services).filter(([name]) => name !== 'tminus-load');
    expect(others.filter(([, { networks }]) => 'load' in (networks ?? {}))).toEqual([]);
    expect(Object.keys(load.networks ?? {})).toEqual(['load']);
    // The worker has the secrets, and by this runs no script itself.
    const { environment } = loadEnvironment(readFileSync(join(root, 'deploy/team/environment.yaml'), 'utf8'), 'environment.yaml') as {
      environment: Environment;
    };
    expect(environment.spec.load.runner).toMatch(/^\/var\/lib\/tminus\/k6\//);
    expect(named('tminus-worker').volumes?.map(({ target }) => target)).toContain('/var/lib/tminus/k6');
  });

  it('has the alert bridge on request, with no secret but what it is given', () => {
    expect(services).not.toHaveProperty('tminus-alert-bridge');
    const { 'tminus-alert-bridge': bridge } = compose(file, settings, '--profile', 'alerts').services();
    expect(bridge).toMatchObject({ command: ['node', 'workers/alert-bridge-main.ts'], read_only: true, cap_drop: ['ALL'] });
    expect({ ports: bridge?.ports ?? [], secrets: bridge?.secrets ?? [], volumes: bridge?.volumes?.map(({ target }) => target) }).toEqual({
      ports: [],
      secrets: [],
      volumes: ['/etc/tminus/environment.yaml'],
    });
  });

  it('mounts only files that are there, and builds targets that are there', () => {
    for (const { volumes = [], build } of Object.values(services)) {
      for (const { type, source } of volumes) if (type === 'bind') expect(existsSync(source)).toBe(true);
      if (build) expect(readFileSync(join(root, build.dockerfile), 'utf8')).toContain(` AS ${build.target}\n`);
    }
  });

  it.each([
    ['an unknown field', 'restart: unless-stopped', 'restarts: unless-stopped', 'restarts'],
    [
      'a service that is not there',
      'depends_on: { postgres: { condition: service_healthy } }',
      'depends_on: { postgress: { condition: service_healthy } }',
      'postgress',
    ],
    [
      'a condition that is none',
      'depends_on: { temporal-schema: { condition: service_completed_successfully } }',
      'depends_on: { temporal-schema: { condition: finished } }',
      'condition',
    ],
    ['a volume that is not declared', 'evidence:/var/lib/tminus/evidence', 'evidences:/var/lib/tminus/evidence', 'evidences'],
  ])('is refused with %s', (_, from, to, complaint) => {
    const { status, stderr } = compose(changed(from, to));
    expect(status).toBeGreaterThan(0);
    expect(stderr).toContain(complaint);
  });

  it('lets a new version become current by itself, and keeps a worker of the one before that never asks to', () => {
    expect(named('tminus-worker').environment).toMatchObject({ TMINUS_MAKE_CURRENT: '' });
    const { services: read } = compose(
      file,
      { ...settings, TMINUS_VERSION: '0.2.0', TMINUS_VERSION_BEFORE: '0.1.0' },
      '--profile',
      'upgrade',
    );
    const { 'tminus-worker': worker, 'tminus-worker-before': before } = read();
    expect([worker?.image, before?.image]).toEqual(['tminus-worker:0.2.0', 'tminus-worker:0.1.0']);
    expect(before?.environment).toMatchObject({ TMINUS_ROLES: 'countdowns' });
    expect(before?.environment).not.toHaveProperty('TMINUS_MAKE_CURRENT');
    expect(before?.volumes).toEqual(worker?.volumes);
  });

  it('is refused without the address at which people reach it', () => {
    expect(compose(file, {})).toMatchObject({ status: 1, stderr: expect.stringContaining('TMINUS_PAGE_BASE') });
  });

  it('mounts an environment file that is valid, whose folders are mounted', () => {
    const loaded = loadEnvironment(readFileSync(join(root, 'deploy/team/environment.yaml'), 'utf8'), 'environment.yaml');
    expect(loaded).toMatchObject({ ok: true });
    if (!loaded.ok) return;
    const { evidence, identity } = loaded.environment.spec;
    const mounted = (name: string, path: string) => (named(name).volumes ?? []).some(({ target }) => path.startsWith(target));
    for (const path of [evidence.folder, identity.tokens, identity.signingKey, identity.publicKeys])
      expect(mounted('tminus-server', path)).toBe(true);
    for (const path of [evidence.folder, identity.publicKeys, identity.workerKey, identity.workerPublicKeys])
      expect(mounted('tminus-worker', path)).toBe(true);
    expect(mounted('tminus-server', identity.workerKey)).toBe(false);
  });
});
