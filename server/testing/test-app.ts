import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import type { StartPolicy } from '../../release/start-policy.ts';
import { createApp } from '../app.ts';
import { loadSigner } from '../identity/signing.ts';
import { createToken, tokenFileIdentity } from '../identity/tokens.ts';
import { EXAMPLE_NOW } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns, type FakeCountdowns } from './fake-countdowns.ts';
import { exampleEvidenceFolder } from './example-evidence-folder.ts';
import { memoryFolder, type MemoryFolder } from './memory-folder.ts';

/** Forbids nothing, and has every name of the example. */
export const OPEN_POLICY: StartPolicy = {
  names: { clusters: ['lab'], targets: ['shop', 'shop-staging'], postgres: ['shop-staging'], traces: ['lab'], notify: ['oncall'] },
  starters: [],
  unapprovedLaunch: true,
};

export const BASE = 'http://127.0.0.1:7480';

export interface TestApp {
  app: ReturnType<typeof createApp>;
  countdowns: FakeCountdowns;
  token: string;
  folder: string;
  faults: unknown[];
  evidence: EvidenceStore;
  /** The evidence folder as a whole. */
  archive: MemoryFolder;
  logged: string[];
  /** A request of the CLI: bearer token, JSON. */
  api(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A signed-in browser. */
  signIn(): Promise<Browser>;
}

export interface Browser {
  get(path: string): Promise<Response>;
  /** Sends a form as a browser does from our own page; `headers` override. */
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  csrf: string;
  cookie: string;
}

export function testApp({
  countdowns = fakeCountdowns(),
  pageBase = BASE,
  startPolicy = OPEN_POLICY,
}: { countdowns?: FakeCountdowns; pageBase?: string; startPolicy?: StartPolicy } = {}): TestApp {
  const folder = mkdtempSync(path.join(tmpdir(), 'tminus-server-'));
  const tokens = path.join(folder, 'tokens.yaml');
  const token = createToken(tokens, { subject: 'a.osei', displayName: 'Ama Osei', groups: ['release-managers'] });
  const signer = loadSigner({ signingKey: path.join(folder, 'signing.pem'), publicKeys: path.join(folder, 'public-keys') });
  const faults: unknown[] = [];
  const { folder: evidencePath, evidence } = exampleEvidenceFolder();
  const archive = memoryFolder();
  const logged: string[] = [];
  const app = createApp({
    countdowns,
    evidencePath,
    folder: archive,
    startPolicy,
    identity: tokenFileIdentity(tokens),
    signer,
    links: { pageBase },
    now: () => Date.parse(EXAMPLE_NOW),
    log: (line) => logged.push(line),
    onFault: (error) => faults.push(error),
  });
  const request = async (to: string, init: RequestInit = {}) => await app.request(`${pageBase}${to}`, init);
  return {
    app,
    countdowns,
    token,
    folder,
    faults,
    evidence,
    archive,
    logged,
    api: (to, body, headers = {}) =>
      request(to, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    async signIn() {
      const answer = await request('/login', {
        method: 'POST',
        headers: { origin: pageBase, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token, next: '/' }).toString(),
      });
      const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
      const get = (to: string) => request(to, { headers: { cookie, accept: 'text/html' } });
      const csrf = /name="csrf" value="([^"]+)"/.exec(await (await get('/')).text())?.[1] ?? '';
      return {
        get,
        csrf,
        cookie,
        post: (to, form, headers = {}) =>
          request(to, {
            method: 'POST',
            headers: {
              cookie,
              accept: 'text/html',
              origin: pageBase,
              'sec-fetch-site': 'same-origin',
              'content-type': 'application/x-www-form-urlencoded',
              ...headers,
            },
            body: new URLSearchParams(form).toString(),
          }),
      };
    },
  };
}
