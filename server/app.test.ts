import { readFileSync } from 'node:fs';
import path from 'node:path';
import { signedReader } from '../activities/identity/read-signed.ts';
import { createIdentityActivities } from '../activities/identity/verify-action.ts';
import { BODY_LIMIT_BYTES } from './request/safety.ts';
import { CountdownFailure } from './temporal/countdowns.ts';
import { EXAMPLE_EVIDENCE_DIGEST, EXAMPLE_NOW, EXAMPLE_POINTS_DIGEST, RUN, waiting } from '../workflows/testing/example-status.ts';
import { fakeCountdowns } from './testing/fake-countdowns.ts';
import { BASE, OPEN_POLICY, testApp } from './testing/test-app.ts';

const NAME = '/api/v1/countdowns/go-api-1.4.0';
const approval = {
  id: 'approval-1',
  action: 'approve',
  checkpoint: 'final-poll',
  revision: 3,
  evidenceDigest: EXAMPLE_EVIDENCE_DIGEST,
  comment: 'rollback proven',
};
const releaseFile = readFileSync(new URL('../docs/release-example.yaml', import.meta.url), 'utf8');
const submission = { file: releaseFile, fileName: 'release.yaml', scripts: { 'k6/shop.js': 'export default function () {}' } };

describe('identity', () => {
  const { app } = testApp();
  const open = new Set([
    'GET /healthz',
    'GET /login',
    'POST /login',
    'GET /assets/style.css',
    'GET /assets/live.js',
    'GET /assets/flame.js',
    'GET /assets/sort.js',
  ]);
  const routes = [
    ...new Map(
      app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path: at }) => [`${method} ${at}`, { method, at }]),
    ).values(),
  ];
  const concrete = (at: string): string =>
    at.replace(':name', 'go-api-1.4.0').replace(':digest', EXAMPLE_POINTS_DIGEST).replace(':checkpoint', 'final-poll');

  it('has routes to try', () => expect(routes.length).toBeGreaterThan(15));

  it.each(routes.filter(({ method, at }) => !open.has(`${method} ${at}`)).map(({ method, at }) => [method, at]))(
    'refuses a garbage bearer at %s %s',
    async (method, at) => {
      for (const authorization of ['Bearer nothing', 'Bearer ', 'nothing', 'Basic YTpi']) {
        const answer = await app.request(`${BASE}${concrete(at)}`, { method, headers: { authorization } });
        expect(answer.status).toBe(401);
      }
    },
  );

  it.each(routes.filter(({ method, at }) => !open.has(`${method} ${at}`)).map(({ method, at }) => [method, at]))(
    'answers nobody without identity at %s %s',
    async (method, at) => {
      const answer = await app.request(`${BASE}${concrete(at)}`, { method });
      expect([303, 401]).toContain(answer.status);
      expect(await answer.text()).not.toContain('registry.local');
    },
  );

  it('refuses a garbage bearer beside a good session', async () => {
    const { signIn, app: own } = testApp();
    const { cookie } = await signIn();
    expect((await own.request(`${BASE}/`, { headers: { cookie, authorization: 'Bearer nothing' } })).status).toBe(401);
  });

  it('answers 401 for addresses that do not exist, so that nobody can probe', async () => {
    expect((await app.request(`${BASE}/api/v1/secrets`, { headers: { authorization: 'Bearer nothing' } })).status).toBe(401);
  });

  it('needs no identity for health and assets', async () => {
    expect((await app.request(`${BASE}/healthz`)).status).toBe(200);
    expect((await app.request(`${BASE}/assets/style.css`)).status).toBe(200);
  });

  it('says who a token belongs to, and not its hash', async () => {
    const { api } = testApp();
    expect(await (await api('/api/v1/whoami')).json()).toMatchObject({
      kind: 'Principal',
      principal: { issuer: 'local', subject: 'a.osei', verified: true },
    });
  });

  it('takes decisions over the API by token only, never by cookie', async () => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    const answer = await browser.post(`${NAME}/actions`, approval as never);
    expect(answer.status).toBe(401);
    expect(countdowns.requests).toEqual([]);
  });
});

describe('safety', () => {
  it('answers only to its own host names', async () => {
    const { app, token } = testApp();
    const answer = await app.request(`${BASE}/api/v1/whoami`, { headers: { host: 'evil.example', authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(403);
  });

  it('refuses a body over the cap with a sentence', async () => {
    const { api } = testApp();
    const answer = await api('/api/v1/countdowns', { ...submission, file: 'x'.repeat(BODY_LIMIT_BYTES) });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ kind: 'Error', code: 'TooLarge' });
  });

  it.each([BASE, 'https://tminus.example.com'])(
    'sends these security headers and no others with every response of %s',
    async (pageBase) => {
      const { app } = testApp({ pageBase });
      const expected = {
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
          "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        ...(pageBase === BASE ? {} : { 'strict-transport-security': 'max-age=31536000' }),
      };
      const asset = { ...expected, 'cache-control': 'public, max-age=31536000, immutable' };
      const speedscope = { ...expected, 'content-security-policy': expect.stringContaining("script-src 'self' 'wasm-unsafe-eval'") };
      for (const [at, status, headers] of [
        ['/login', 200, expected],
        ['/healthz', 200, expected],
        ['/api/v1/whoami', 401, expected],
        ['/assets/live.js', 200, asset],
      ] as const) {
        const response = await app.request(`${pageBase}${at}`);
        expect(response.status).toBe(status);
        const { 'content-type': _, 'www-authenticate': __, ...sent } = Object.fromEntries(response.headers);
        expect(sent).toEqual(headers);
      }
      const { api } = testApp({ pageBase });
      expect(Object.fromEntries((await api('/assets/speedscope/index.html')).headers)).toMatchObject(speedscope);
    },
  );

  it('marks the cookie HttpOnly and SameSite=Lax, and over https __Host- and Secure', async () => {
    for (const pageBase of [BASE, 'https://tminus.example.com']) {
      const { app, token } = testApp({ pageBase });
      const answer = await app.request(`${pageBase}/login`, {
        method: 'POST',
        headers: { origin: pageBase, 'content-type': 'application/x-www-form-urlencoded' },
        body: `token=${token}`,
      });
      const cookie = answer.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(/HttpOnly/);
      expect(cookie).toMatch(/SameSite=Lax/);
      expect(cookie.startsWith('__Host-tminus=') && cookie.includes('Secure')).toBe(pageBase.startsWith('https'));
    }
  });

  it('sends evidence as a file to save, never to show', async () => {
    const { api } = testApp();
    const answer = await api(`/api/v1/evidence/${EXAMPLE_POINTS_DIGEST}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect((await answer.text()).startsWith('{"metric"')).toBe(true);
  });

  it('cannot be led outside the evidence store or to another workflow', async () => {
    const { api } = testApp();
    expect((await api('/api/v1/evidence/..%2F..%2Fsigning.pem')).status).toBe(400);
    expect((await api(`/api/v1/evidence/sha256:${'0'.repeat(64)}`)).status).toBe(404);
    expect((await api('/api/v1/countdowns/go-api-1.4.0%2Flaunch%2F1')).status).toBe(404);
  });
});

describe('releases', () => {
  it('starts a countdown from a file, with its bytes and scripts in evidence', async () => {
    const { api, countdowns, evidence } = testApp();
    const answer = await api('/api/v1/countdowns', submission);
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ kind: 'ReleasePlan', started: 'started', links: { page: `${BASE}/r/go-api-1.4.0` } });
    const [input] = countdowns.started;
    expect(input).toMatchObject({ rehearsal: false, requestedBy: { subject: 'a.osei', verified: true } });
    expect(await evidence.has(input?.releaseDigest ?? '')).toBe(true);
    expect(await evidence.has(input?.scripts['k6/shop.js'] ?? '')).toBe(true);
  });

  it('plans without starting on a dry run', async () => {
    const { api, countdowns } = testApp();
    const answer = await api('/api/v1/countdowns', { ...submission, dryRun: true });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      started: 'dry-run',
      checkpoints: [{ name: 'load-and-diagnosis' }, { name: 'final-poll' }, { name: 'launch' }],
    });
    expect(countdowns.started).toEqual([]);
  });

  it('tells every problem of a file with its place', async () => {
    const { api, countdowns } = testApp();
    const answer = await api('/api/v1/countdowns', { ...submission, file: releaseFile.replace('countdown:', 'countdwon:') });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      docs: 'docs/reference/release-file.md',
      problems: expect.arrayContaining([
        expect.objectContaining({
          file: 'release.yaml',
          line: expect.any(Number),
          column: expect.any(Number),
          text: expect.stringMatching(/^release\.yaml:\d+:\d+ .*countdwon/),
        }),
      ]),
    });
    expect(countdowns.started).toEqual([]);
  });

  it('asks for a k6 script that is not in the request', async () => {
    const { api } = testApp();
    const answer = await api('/api/v1/countdowns', { ...submission, scripts: {} });
    expect(await answer.json()).toMatchObject({
      code: 'InvalidRelease',
      message: expect.stringMatching(/^release\.yaml:10:19 spec\.load\.script: the k6 script k6\/shop\.js is not in the request\n/),
    });
  });

  it('lets only groups of the start policy start', async () => {
    const { api, countdowns } = testApp({ startPolicy: { ...OPEN_POLICY, starters: ['developers'] } });
    const answer = await api('/api/v1/countdowns', submission);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({
      code: 'NotAllowed',
      message: 'Ama Osei is not in developers, who may start countdowns here',
    });
    expect(countdowns.started).toEqual([]);
  });

  it('refuses a launch without an approval, unless the start policy allows it', async () => {
    const alone = `${releaseFile}  checkpoints: [{ name: now, at: T-0, steps: [{ type: launch }, { type: guard }] }]\n`;
    const strict = testApp({ startPolicy: { ...OPEN_POLICY, unapprovedLaunch: false } });
    const answer = await strict.api('/api/v1/countdowns', { ...submission, file: alone });
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { message: string }).message).toMatch(
      /^release\.yaml:12:17 spec\.checkpoints\[0\]: no approval comes before the launch/,
    );
    expect((await strict.api('/api/v1/countdowns', submission)).status).toBe(201);
    expect((await testApp().api('/api/v1/countdowns', { ...submission, file: alone })).status).toBe(201);
  });

  it.each([
    ['spec.notify[0]', `${releaseFile}  notify: [onclal]\n`, '12:12', 'notification target "onclal"; did you mean "oncall"?'],
    ['spec.cluster', releaseFile.replace('cluster: lab', 'cluster: lba'), '8:12', 'cluster "lba"; did you mean "lab"?'],
    [
      'spec.load.target',
      releaseFile.replace('target: shop-staging', 'target: shop-stagign'),
      '10:39',
      'target "shop-stagign"; did you mean "shop-staging"?',
    ],
    [
      'spec.service.namespace',
      releaseFile.replace('namespace: shop', 'namespace: orders'),
      '7:39',
      'target "orders"; it has shop, shop-staging; add it to spec.targets there',
    ],
    ['spec.diagnosis.traces', `${releaseFile}  diagnosis: { traces: lap }\n`, '12:24', 'trace store "lap"; did you mean "lab"?'],
  ])('refuses a name in %s that the environment file does not have, on a dry run, too', async (where, file, place, ending) => {
    const { api, countdowns } = testApp();
    for (const dryRun of [true, false]) {
      const answer = await api('/api/v1/countdowns', { ...submission, file, dryRun });
      expect({ status: answer.status, said: ((await answer.json()) as { message: string }).message.split('\n')[0] }).toEqual({
        status: 422,
        said: `release.yaml:${place} ${where}: the environment file has no ${ending}`,
      });
    }
    expect(countdowns.started).toEqual([]);
  });

  it('refuses a launch time that is over with one sentence', async () => {
    const { api } = testApp();
    const answer = await api('/api/v1/countdowns', { ...submission, launchAt: '2026-11-20T12:00:00Z' });
    expect(((await answer.json()) as { problems: { text: string }[] }).problems.map(({ text }) => text.split('\n')[0])).toEqual([
      'release.yaml:9:14 spec.countdown: the launch time 2026-11-20 12:00 UTC is in the past; choose a later launch time',
    ]);
  });

  it('refuses a launch time before which the first checkpoints would already be over', async () => {
    const { api, countdowns } = testApp();
    const answer = await api('/api/v1/countdowns', { ...submission, launchAt: '2026-11-24T12:00:00Z' });
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { message: string }).message).toContain(
      'T-72h load-and-diagnosis would have been due at 2026-11-21 12:00 UTC',
    );
    expect(countdowns.started).toEqual([]);
  });

  it('answers a start that was made before with the countdown that runs, and keeps its reason', async () => {
    const countdowns = fakeCountdowns();
    const { start } = countdowns;
    countdowns.start = async (input) => ({ ...(await start(input)), started: 'already-running' });
    const { api } = testApp({ countdowns });
    const answer = await api('/api/v1/countdowns', { ...submission, comment: 'the payment change' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ started: 'already-running' });
    expect(countdowns.started[0]?.comment).toBe('the payment change');
  });

  it('has no verdict for a countdown that is under way and has nothing against it, in the list and alone', async () => {
    const counting = { ...waiting, phase: 'counting' as const, verdict: 'go' as const };
    const { api } = testApp({ countdowns: fakeCountdowns([counting]) });
    expect(await (await api(NAME)).json()).toMatchObject({ verdict: null, phase: 'counting' });
    expect(await (await api('/api/v1/countdowns')).json()).toMatchObject({
      items: [{ verdict: null, phase: 'counting', rehearsal: counting.rehearsal }],
    });
  });

  it('lists and filters by phase', async () => {
    const { api } = testApp();
    expect(await (await api('/api/v1/countdowns')).json()).toMatchObject({
      kind: 'ReleaseList',
      items: [{ name: 'go-api-1.4.0', state: 'running' }],
    });
    expect(await (await api('/api/v1/countdowns?phase=ended')).json()).toMatchObject({ items: [] });
  });

  it('shows the status with revision, reasons and links, and nothing that is not in its schema', async () => {
    const { api } = testApp({ countdowns: fakeCountdowns([{ ...waiting, secret: 'hunter2' } as never]) });
    const answer = await api(NAME);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      apiVersion: 'tminus.dev/v1alpha1',
      kind: 'ReleaseStatus',
      metadata: { name: 'go-api-1.4.0', revision: 3 },
      verdict: 'hold',
      links: { page: `${BASE}/r/go-api-1.4.0` },
    });
    expect(text).not.toContain('hunter2');
  });

  it('answers the audit with its chain verified, and says where it is broken', async () => {
    const { api, countdowns } = testApp();
    expect(await (await api(`${NAME}/events`)).json()).toMatchObject({
      chain: { state: 'verified' },
      items: [{ seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 4 }],
    });
    const [first, second, ...rest] = countdowns.audits.get('go-api-1.4.0') ?? [];
    countdowns.audits.set('go-api-1.4.0', [first, { ...second, detail: 'changed' }, ...rest] as never);
    expect(await (await api(`${NAME}/events`)).json()).toMatchObject({
      chain: { state: 'broken', message: expect.stringContaining('record 2') },
    });
  });

  it('streams the status at once and again only when it changes', async () => {
    const { api } = testApp();
    const answer = await api(`${NAME}/stream`);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value ?? []).toString()).toMatch(/^event: status\ndata: \{"apiVersion"/);
    await reader.cancel();
  });

  it('streams a failure for a status that does not fit, as that of an older worker, and lives on', async () => {
    const { api, faults } = testApp({ countdowns: fakeCountdowns([{ ...waiting, checkpoints: undefined } as never]) });
    const answer = await api(`${NAME}/stream`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value ?? []).toString()).toMatch(/^event: failure\ndata: \{"message":"the server cannot show/);
    await reader.cancel();
    expect(faults).toHaveLength(1);
  });
});

describe('acts', () => {
  it('signs a decision with the verified person, so that a worker can check it', async () => {
    const { api, countdowns, folder } = testApp();
    const answer = await api(`${NAME}/actions`, approval);
    expect(await answer.json()).toMatchObject({ kind: 'ActionResult', action: 'approve', message: 'approve counts' });
    const { verifyAction } = createIdentityActivities({
      reader: signedReader(path.join(folder, 'public-keys')),
      now: () => Date.parse(EXAMPLE_NOW),
    });
    const act = await verifyAction(countdowns.requests[0]?.signed as never);
    expect(act).toMatchObject({
      id: 'approval-1',
      countdown: 'countdown/go-api-1.4.0',
      principal: { issuer: 'local', subject: 'a.osei', verified: true },
      revision: 3,
      evidenceDigest: EXAMPLE_EVIDENCE_DIGEST,
      run: RUN,
      issuedAt: EXAMPLE_NOW,
      notAfter: '2026-11-24T08:10:00.000Z',
    });
  });

  it('binds a decision to the run its author saw, not to the one that has the name now', async () => {
    const { api, countdowns } = testApp();
    await api(`${NAME}/actions`, { ...approval, run: 'the-aborted-run' });
    expect(countdowns.requests[0]?.request.run).toBe('the-aborted-run');
  });

  it.each(['constructor', '__proto__', 'hasOwnProperty', 'toLocaleString', 'approve me'])(
    'refuses %s as an id, with the rule',
    async (id) => {
      const { api, countdowns } = testApp();
      const answer = await api(`${NAME}/actions`, JSON.stringify({ ...approval, id }));
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'InvalidRequest', message: expect.stringContaining('id: an id has letters') });
      expect(countdowns.requests).toEqual([]);
    },
  );

  it('never takes the principal from the caller', async () => {
    const { api, countdowns } = testApp();
    expect((await api(`${NAME}/actions`, { ...approval, principal: { subject: 'li.wei' } })).status).toBe(400);
    expect(countdowns.requests).toEqual([]);
  });

  it('passes a refusal on with its sentence', async () => {
    const { api, countdowns } = testApp();
    countdowns.refusal = 'stale: based on revision 2, current revision is 3; review and retry';
    const answer = await api(`${NAME}/actions`, approval);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ kind: 'Error', code: 'Refused', message: countdowns.refusal });
  });

  it('hands a hold over without asking for a worker', async () => {
    const { api, countdowns } = testApp();
    const hold = (id: string, comment: string) => api(`${NAME}/actions`, { id, action: 'hold', comment });
    expect((await hold('hold-0001', 'p99 looks odd')).status).toBe(202);
    expect((await hold('hold-0002', 'again')).status).toBe(202);
    expect(countdowns.held.map(({ comment, principal }) => `${principal.subject}: ${comment}`)).toEqual([
      'a.osei: p99 looks odd',
      'a.osei: again',
    ]);
    expect(countdowns.requests).toEqual([]);
  });

  it('promises nothing of a hold that its countdown may not read in time', async () => {
    const { api, countdowns } = testApp();
    const { message } = (await (await api(`${NAME}/actions`, { id: 'hold-0001', action: 'hold', comment: 'p99 looks odd' })).json()) as {
      message: string;
    };
    expect(message).toMatch(/the clock stops when a worker reads it, unless the countdown has ended before$/);
    countdowns.refusal = 'a countdown that has ended or is already rolling back cannot be held; it has ended';
    expect((await api(`${NAME}/actions`, { id: 'hold-0002', action: 'hold', comment: 'p99 looks odd' })).status).toBe(409);
  });

  it('lets a rehearsal run ahead, by a length of time that can be read', async () => {
    const { api, countdowns } = testApp();
    expect((await api(`${NAME}/clock`, { ahead: '25200s' })).status).toBe(202);
    for (const ahead of ['soon', '-1h', '90']) expect((await api(`${NAME}/clock`, { ahead })).status).toBe(400);
    expect(countdowns.advanced).toEqual([{ release: 'go-api-1.4.0', aheadMs: 25_200_000 }]);
  });

  it('aborts by cancellation', async () => {
    const { api, countdowns } = testApp();
    expect((await api(`${NAME}/actions`, { id: 'abort-001', action: 'abort', comment: 'wrong image' })).status).toBe(202);
    expect(countdowns.aborted).toHaveLength(1);
  });

  it.each([
    ['Unreachable', 503, '5'],
    ['NoWorker', 503, '5'],
    ['OutcomeUnknown', 504, null],
    ['NotFound', 404, null],
    ['Closing', 409, null],
  ] as const)('answers %s with %i', async (code, status, retryAfter) => {
    const { api, countdowns } = testApp();
    countdowns.failure = new CountdownFailure(code, 'a sentence', 'a hint');
    const answer = await api(`${NAME}/actions`, approval);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    expect(await answer.json()).toMatchObject({ kind: 'Error', code, message: 'a sentence', hint: 'a hint' });
  });

  it('logs a bug and says nothing of its inside', async () => {
    const { api, countdowns, faults } = testApp();
    countdowns.failure = new TypeError('postgres://user:secret@db is undefined');
    const answer = await api(NAME);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(faults).toEqual([countdowns.failure]);
  });
});

describe('openapi', () => {
  it('covers every API route, and every reference in it leads somewhere', async () => {
    const { app, api } = testApp();
    const document = (await (await api('/api/v1/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>;
      components: { schemas: Record<string, unknown> };
    };
    const described = Object.entries(document.paths).flatMap(([at, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${at}`),
    );
    const served = app.routes
      .filter(({ method, path: at }) => method !== 'ALL' && (at.startsWith('/api/') || at === '/healthz'))
      .map(({ method, path: at }) => `${method} ${at.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(new Set(described)).toEqual(new Set(served));
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(document.components.schemas).toHaveProperty(name ?? '');
  });

  it('describes answers as they are', async () => {
    const { api } = testApp();
    const document = (await (await api('/api/v1/openapi.json')).json()) as {
      components: { schemas: { ReleaseStatus: { properties: object } } };
    };
    const status = (await (await api(NAME)).json()) as object;
    for (const key of Object.keys(status)) expect(document.components.schemas.ReleaseStatus.properties).toHaveProperty(key);
  });
});
