// A canary in every credential of an environment file and of the Deployment. Real activities run against servers on loopback that answer well,
// badly and not at all; what they say, store and send, and what the server answers about it, is then searched for the canaries.
import { Context, asyncLocalStorage, type Info } from '@temporalio/activity';
import { DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createFolderEvidenceStore } from '../activities/evidence/folder-store.ts';
import { FakeClusterApi, NEW, target } from '../activities/testing/fake-cluster-api.ts';
import { ApiFailure } from '../activities/kubernetes/api-failure.ts';
import type { Resource } from '../activities/kubernetes/api-failure.ts';
import { captureInput, countdownOf, entryOf } from '../activities/testing/one-effect.ts';
import { loadEnvironment } from '../release/load.ts';
import { expandLoadTest, loadTestSchema } from '../release/steps/load-test.ts';
import { expandGuard, guardSchema } from '../release/steps/guard.ts';
import { evidenceFolder } from '../activities/evidence/evidence-folder.ts';
import { workerMetrics } from '../workers/metrics.ts';
import { loadSigner } from '../server/identity/signing.ts';
import { createToken, tokenFileIdentity } from '../server/identity/tokens.ts';
import { startServer } from '../server/main.ts';
import { inLoadTest } from '../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../server/testing/fake-countdowns.ts';
import { OPEN_POLICY } from '../server/testing/test-app.ts';
import { chainRecord, EMPTY_CHAIN } from '../verdict/audit-chain.ts';
import type { EvidenceRef, Finding } from '../verdict/finding.ts';
import { assembleActivities, type AssembledActivities } from '../workers/activities.ts';

jest.setTimeout(240_000);

/** One per credential, so that a hit says which one. */
const canary = (of: string): string => `canary${of}x7b1e`;
const ANY = /canary\w*?x7b1e/g;

const folder = mkdtempSync(join(tmpdir(), 'tminus-canaries-'));
const environmentFile = join(folder, 'environment.yaml');
const evidencePath = join(folder, 'evidence');
/** Everything that came out, by where. */
const heard: { where: string; what: string }[] = [];
const hear = (where: string, what: unknown): void =>
  void heard.push({ where, what: typeof what === 'string' ? what : JSON.stringify(what) });
const api = new FakeClusterApi();
let apiStatus = 200;
let servers: (Server | TcpServer)[];
let acts: AssembledActivities;
const countdown = countdownOf('run-1');

const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;
async function listening<S extends Server | TcpServer>(server: S): Promise<S> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

beforeAll(async () => {
  const kubernetes = await listening(createHttpServer((request, response) => void answerAsCluster(request, response)));
  const receiver = await listening(
    createHttpServer((request, response) => {
      void text(request).then((body) => {
        // Without the path, which is the receiver's own.
        hear('webhook', { ...request.headers, body });
        response.writeHead(Number(/\d{3}/.exec(request.url ?? '')?.[0] ?? 204)).end();
      });
    }),
  );
  // Refuses every password, as PostgreSQL words it.
  const refusal = Buffer.from('SFATAL\0C28P01\0Mpassword authentication failed for user "shop"\0\0');
  const postgres = await listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const head = Buffer.alloc(5);
        head.write('E');
        head.writeInt32BE(refusal.length + 4, 1);
        socket.end(Buffer.concat([head, refusal]));
      });
    }),
  );
  servers = [kubernetes, receiver, postgres];
  const hook = (path: string) => `http://127.0.0.1:${portOf(receiver)}/${path}/${canary('HookPath')}`;
  Object.assign(process.env, {
    CANARY_HOOK: hook('ok'),
    CANARY_HOOK_BROKEN: hook('500'),
    CANARY_HOOK_GONE: hook('404'),
    CANARY_HOOK_USERINFO: `http://bot:${canary('HookPassword')}@127.0.0.1:1/`,
    CANARY_HOOK_NO_URL: `chat.example/${canary('HookNoUrl')}`,
    CANARY_DSN: `postgres://shop:${canary('Dsn')}@127.0.0.1:${portOf(postgres)}/shop`,
    CANARY_DSN_SLASH: `postgres://shop:${canary('DsnSlash')}/x@127.0.0.1:1/shop`,
    CANARY_DSN_HASH: `postgres://shop:${canary('DsnHash')}#x@127.0.0.1:1/shop`,
    CANARY_DSN_NONE: `${canary('DsnNone')} is not an address`,
  });
  mkdirSync(join(folder, 'secrets'));
  const secret = (name: string, value: string) => writeFileSync(join(folder, 'secrets', name), value, { mode: 0o600 });
  secret('hook', canary('HookSecret'));
  const kubeconfig = (token: string) => `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "http://127.0.0.1:${portOf(kubernetes)}", insecure-skip-tls-verify: true } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
users:
  - name: u
    user:
      token: "${token}"
`;
  secret('kubeconfig', kubeconfig(canary('KubeToken')));
  secret('kubeconfig-broken', kubeconfig(canary('KubeBroken')).replace(`${canary('KubeBroken')}"`, canary('KubeBroken')));
  secret('kubeconfig-odd', kubeconfig(`${canary('KubeOdd')}\\u2014`));
  secret('kubeconfig-line', kubeconfig(`${canary('KubeLine')}\\nx`));
  const variants = ['', '-broken', '-odd', '-line'];
  const environmentText = `apiVersion: tminus.dev/v1alpha1
kind: Environment
spec:
  clusters:
${variants.map((each) => `    lab${each}: { kubeconfig: secrets/kubeconfig${each}, prometheus: lab, podLogs: true }\n`).join('')}
  prometheus: { lab: { url: "http://127.0.0.1:1" } }
  targets: { shop: { url: "http://127.0.0.1:1" } }
  postgres:
${['', '_SLASH', '_HASH', '_NONE', '_UNSET'].map((each) => `    shop${each.toLowerCase().replace('_', '-')}: { url: { env: CANARY_DSN${each} } }\n`).join('')}
  notify:
    ok: { type: webhook, url: { env: CANARY_HOOK }, secret: { file: secrets/hook } }
    broken: { type: webhook, url: { env: CANARY_HOOK_BROKEN }, secret: { file: secrets/hook } }
    gone: { type: webhook, url: { env: CANARY_HOOK_GONE } }
    userinfo: { type: webhook, url: { env: CANARY_HOOK_USERINFO } }
    no-url: { type: webhook, url: { env: CANARY_HOOK_NO_URL } }
    no-secret: { type: webhook, url: { env: CANARY_HOOK }, secret: { file: secrets/none } }
    wecom: { type: wecom, url: { env: CANARY_HOOK } }
    dingtalk: { type: dingtalk, url: { env: CANARY_HOOK }, secret: { file: secrets/hook } }
    feishu: { type: feishu, url: { env: CANARY_HOOK_GONE }, secret: { file: secrets/hook } }
    slack: { type: slack, url: { env: CANARY_HOOK_NO_URL } }
`;
  writeFileSync(environmentFile, environmentText);
  const loaded = loadEnvironment(environmentText, environmentFile);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const { signingKey } = loaded.environment.spec.identity;
  loadSigner({ signingKey: join(folder, signingKey), publicKeys: join(folder, loaded.environment.spec.identity.publicKeys) });
  acts = await assembleActivities({
    seals: true,
    client: {} as never,
    environment: loaded.environment,
    environmentFolder: folder,
    auditFolder: join(folder, 'audit'),
    metrics: workerMetrics([]),
    // A k6 that ends at once.
    startK6: async () => ({
      points: Readable.from([]),
      ended: Promise.resolve({ exitCode: 0, signal: null, lastError: '' }),
      stop: async () => undefined,
      kill: () => undefined,
    }),
  });
  api.change(({ metadata, spec }) => {
    const container = {
      name: 'go-api',
      image: spec.template.spec.containers[0]?.image ?? '',
      env: [{ name: 'DATABASE_URL', value: canary('EnvValue') }],
      args: [`--token=${canary('Argument')}`],
    };
    spec.template = { ...spec.template, spec: { containers: [container] } };
    metadata.annotations = { ...metadata.annotations, 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(spec) };
  });
});
afterAll(() => {
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
  for (const name of Object.keys(process.env)) if (name.startsWith('CANARY_')) delete process.env[name];
  rmSync(folder, { recursive: true });
});

/** The fake cluster, through HTTP. */
async function answerAsCluster(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: unknown) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const body = await text(request);
  if (apiStatus !== 200) return send(apiStatus, { kind: 'Status', message: 'User "tminus" cannot do that' });
  const url = new URL(request.url ?? '', 'http://cluster');
  const found = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(url.pathname);
  const [, group = '', namespace, kind = '', name] = found ?? [];
  const resource = { group, version: 'v1', resource: kind, namespace, name } as unknown as Resource;
  if (kind === 'selfsubjectaccessreviews') return send(201, { status: { allowed: true } });
  if (kind === 'nodes') return send(200, { items: [] });
  if (kind === 'events' || url.pathname.endsWith('/log')) return send(200, { items: [] });
  // An admission webhook that quotes what it refuses.
  if (url.searchParams.has('dryRun'))
    return send(422, {
      kind: 'Status',
      message: `admission webhook "policy" denied the request: env DATABASE_URL="${canary('EnvValue')}" is a literal`,
    });
  try {
    if (request.method === 'PATCH')
      return send(200, await api.client.patch(resource, JSON.parse(body), 'application/json-patch+json' as never));
    if (request.method === 'POST') return send(201, await api.client.create(resource, JSON.parse(body)));
    if (name !== undefined) return send(200, await api.client.get(resource));
    const items = await api.client.list<{ status?: object }>(resource, url.searchParams.get('labelSelector') ?? '');
    // Pods that refuse a connection at once.
    return send(200, {
      items: kind === 'pods' ? items.map((each) => ({ ...each, status: { ...each.status, podIP: '127.0.0.1' } })) : items,
    });
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    send(error.status, { kind: 'Status', reason: error.status === 404 ? 'NotFound' : 'Conflict', message: 'fake', details: { name } });
  }
}

/** Runs an activity as a worker does. What it answers, and what Temporal would keep of its failure, is heard. */
async function act<T>(where: string, run: () => Promise<T>): Promise<T | null> {
  const context = Object.assign(Object.create(Context.prototype) as Context, {
    info: { attempt: 1, heartbeatDetails: undefined } as Info,
    cancelled: new Promise<never>(() => undefined),
    cancellationSignal: new AbortController().signal,
    heartbeat: (details: unknown) => hear(`${where}: heartbeat`, details ?? null),
  });
  try {
    const answer = await asyncLocalStorage.run(context, run);
    hear(where, answer ?? null);
    return answer;
  } catch (error) {
    hear(`${where}: failure`, new DefaultFailureConverter().errorToFailure(error, defaultPayloadConverter));
    return null;
  }
}

const staging = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const step = expandLoadTest(
  loadTestSchema.parse({ type: 'loadTest', script: 's.js', target: 'shop', stages: [{ duration: '1s', rate: 1 }] }),
  { script: 's.js', target: 'shop' },
);

async function runEverything(): Promise<{ findings: Finding[]; evidence: EvidenceRef[] }> {
  const [findings, evidence]: [Finding[], EvidenceRef[]] = [[], []];
  const keep = (report: { findings: Finding[]; evidence: EvidenceRef[] } | null): void => {
    findings.push(...(report?.findings ?? []));
    evidence.push(...(report?.evidence ?? []));
  };
  const preflight = {
    step: { type: 'preflight', name: 'preflight', maxClockSkewMs: 2_000 } as const,
    quick: false,
    countdown: 'countdown/go-api/run-1',
    production: target,
    staging,
    image: 'registry.local/go-api:1',
    healthTarget: 'shop',
    healthPath: '/healthz',
    guard: expandGuard(guardSchema.parse({ type: 'guard' })),
  };
  keep(await act('preflight', () => acts.cluster.runPreflight(preflight)));
  const captured = await act('capture', () => acts.cluster.captureEffect(captureInput(countdown)));
  evidence.push(...(captured?.evidence ?? []));
  const entry = entryOf(captured?.before, countdown, 1, captured?.seal);
  // Without the signed start of a countdown it is refused, after all of it was read.
  await act('apply', () => acts.cluster.applyEffect({ entry, wanted: { image: 'registry.local/go-api:2' }, countdown, authority: null }));
  await act('restore', () => acts.cluster.restoreEffect({ entry, countdown }));
  await act('describe', () => acts.cluster.captureEffect(captureInput(countdown, 1, NEW, { ...target, deployment: 'none' })));

  const store = createFolderEvidenceStore(evidencePath);
  const script = await store.put({ kind: 'k6-script', mediaType: 'text/javascript', source: 'test' }, Buffer.from('export default 1'));
  for (const postgres of ['shop', 'shop-slash', 'shop-hash', 'shop-none', 'shop-unset']) {
    const asked = {
      step: { ...step, postgres },
      staging,
      image: 'go-api:1',
      scriptDigest: script.digest,
      runId: 'run-1',
    };
    const report = await act(`load test with ${postgres}`, () => acts.load.runLoadTest(asked));
    keep(report);
    const loadTests = report === null ? [] : [{ step: asked.step, findings: report.findings, evidence: report.evidence }];
    const analysis = {
      step: { type: 'diagnosis', name: 'diagnosis', postgres } as const,
      service: 'go-api',
      production: target,
      loadTests,
    };
    if (postgres === 'shop') keep(await act('analysis', () => acts.load.runDiagnosis(analysis)));
  }

  const said = {
    key: 'k',
    release: 'go-api',
    service: 'shop/go-api',
    checkpoint: 'c',
    verdict: 'hold',
    message: 'm',
    at: '2026-11-24T06:00:00Z',
    launchAt: '2026-11-24T09:00:00Z',
    rehearsal: false,
  } as const;
  for (const each of ['ok', 'broken', 'gone', 'userinfo', 'no-url', 'no-secret', 'wecom', 'dingtalk', 'feishu', 'slack', 'nobody'])
    await act(`notify ${each}`, () => acts.bookkeeping.notify({ ...said, targets: [each] }));

  for (const cluster of ['lab-broken', 'lab-odd', 'lab-line'])
    await act(`capture in ${cluster}`, () => acts.cluster.captureEffect(captureInput(countdown, 1, NEW, { ...target, cluster })));
  for (apiStatus of [401, 403, 500, 503]) {
    await act(`capture with ${apiStatus}`, () => acts.cluster.captureEffect(captureInput(countdown)));
    keep(await act(`preflight with ${apiStatus}`, () => acts.cluster.runPreflight({ ...preflight, quick: true })));
  }
  apiStatus = 200;
  return { findings, evidence };
}

/** Every file below a place, but the restricted ones. */
function filesIn(place: string): void {
  for (const file of readdirSync(place, { recursive: true, withFileTypes: true }))
    if (file.isFile() && !file.parentPath.includes('/restricted'))
      hear(`file ${file.name}`, readFileSync(join(file.parentPath, file.name), 'latin1'));
}

/** What readers and strangers get of it from the server. */
async function askServer({ findings, evidence }: { findings: Finding[]; evidence: EvidenceRef[] }, whole: string): Promise<void> {
  const tokens = join(folder, 'people.yaml');
  const token = createToken(tokens, { subject: 'reader', displayName: 'Reader', groups: [] });
  const [first, ...rest] = inLoadTest.checkpoints;
  if (!first?.steps[0]) throw new Error('the example has no step');
  const status = {
    ...inLoadTest,
    checkpoints: [{ ...first, steps: [{ ...first.steps[0], state: 'done' as const, findings, evidence }] }, ...rest],
  };
  const server = await startServer({
    port: 0,
    countdowns: fakeCountdowns([status]),
    evidencePath,
    folder: evidenceFolder(evidencePath),
    startPolicy: OPEN_POLICY,
    identity: tokenFileIdentity(tokens),
    signer: loadSigner({ signingKey: join(folder, 'identity/signing-key.pem'), publicKeys: join(folder, 'identity/public-keys') }),
  });
  const name = status.release;
  const session = await fetch(`${server.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: server.url, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token, next: '/' }),
  });
  const cookie = session.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const bearer = { authorization: `Bearer ${token}` };
  const ask = async (path: string, headers: Record<string, string>): Promise<number> => {
    const answer = await fetch(`${server.url}${path}`, { headers, redirect: 'manual' });
    hear(`GET ${path}`, `${JSON.stringify([...answer.headers])}\n${Buffer.from(await answer.arrayBuffer()).toString('latin1')}`);
    return answer.status;
  };
  const answers = await Promise.all([
    ...['', '/progress', '/events', '/report'].map((path) => ask(`/api/v1/countdowns/${name}${path}`, bearer)),
    ...['/api/v1/countdowns', '/api/v1/leftovers', '/api/v1/openapi.json', '/api/v1/whoami'].map((path) => ask(path, bearer)),
    ...evidence.map(({ digest }) => ask(`/api/v1/evidence/${digest}`, bearer)),
    ...['', `/checkpoints/${first.name}`, '/events', ...evidence.map(({ digest }) => `/evidence/${digest}`)].map((path) =>
      ask(`/r/${name}${path}`, { cookie }),
    ),
  ]);
  expect(answers.filter((each) => each !== 200)).toEqual([]);
  expect(await ask(`/api/v1/evidence/${whole}`, bearer)).toBe(404);
  // A wrong token is echoed nowhere.
  expect(await ask('/api/v1/countdowns', { authorization: `Bearer ${canary('Person')}` })).toBe(401);
  expect(await ask('/', { cookie: `tminus=${canary('Session')}` })).toBe(303);
  await server.close();
}

it('no credential shows in findings, messages, failures, heartbeats, logs, evidence, audit, pages or answers', async () => {
  const written: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((chunk) => (written.push(String(chunk)), true)),
  );
  let found: Awaited<ReturnType<typeof runEverything>>;
  try {
    found = await runEverything();
    await acts.bookkeeping.storeAudit('go-api', 'run-1', [
      chainRecord(EMPTY_CHAIN, {
        at: '2026-11-24T06:00:00Z',
        actor: 'tminus',
        action: 'step.done',
        object: 'preflight',
        detail: JSON.stringify(found.findings),
      }),
    ]);
    const restricted = readdirSync(join(evidencePath, 'restricted/sha256'), { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    expect(restricted.length).toBeGreaterThan(0);
    await askServer(found, `sha256:${restricted[0]?.name.split('.')[0]}`);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  hear('log', written.join(''));
  filesIn(evidencePath);
  filesIn(join(folder, 'audit'));

  // The control: the roads were driven, well and badly.
  const places = heard.map(({ where }) => where);
  expect(places).toEqual(expect.arrayContaining(['preflight', 'capture', 'apply: failure', 'restore', 'webhook', 'analysis', 'log']));
  expect(places).toEqual(
    expect.arrayContaining(
      [
        'notify broken',
        'capture in lab-broken',
        'capture in lab-odd',
        'capture in lab-line',
        'capture with 401',
        'load test with shop-unset',
      ].map((each) => `${each}: failure`),
    ),
  );
  expect(heard.map(({ what }) => what).join('\n')).toContain('password authentication failed');

  const hits = heard.flatMap(({ where, what }) =>
    [...new Set(what.match(ANY) ?? [])].map(
      (hit) => `${hit} in ${where}: ${what.slice(Math.max(0, what.indexOf(hit) - 120), what.indexOf(hit) + 60)}`,
    ),
  );
  expect(hits).toEqual([]);
});
