import { expect, it } from '@jest/globals';
import { against, PATH, showing, serving } from './testing/against.ts';
import { refusal } from './testing/fake-server.ts';
import { inLoadTest, loadProgress, NAME, stopped, waiting } from '../workflows/testing/example-status.ts';
import { UNREACHABLE, tminus } from './testing/tminus-process.ts';

it('has no escape codes in a pipe, and only ASCII if the locale is not UTF-8', async () => {
  const server = await serving(showing(stopped));
  const plain = await tminus(['status', NAME], { server: server.url });
  expect(plain.stdout).not.toContain('\u001B');
  expect(plain.stdout).toContain('✖ NO-GO   p99 of POST /api/order/create is 734 ms, limit 300 ms\n\nNext:  tminus explain go-api-1.4.0\n');
  for (const options of [{ env: { LANG: 'C' } }, { env: { LC_ALL: 'POSIX' } }]) {
    const ran = await tminus(['status', NAME], { server: server.url, ...options });
    expect(ran.stdout).toMatch(/^[\x20-\x7e\n]*$/);
    expect(ran.stdout).toContain('[FAIL] NO-GO   p99');
  }
});

it('has no colours with NO_COLOR or --no-color, even if colours are forced', async () => {
  const server = await serving(showing(stopped));
  const run = (argv: string[], env: Record<string, string>) => tminus(['status', NAME, ...argv], { server: server.url, env });
  expect((await run([], { FORCE_COLOR: '1' })).stdout).toContain('\u001B[31m');
  expect((await run(['--no-color'], { FORCE_COLOR: '1' })).stdout).not.toContain('\u001B');
  expect((await run([], { NO_COLOR: '1' })).stdout).not.toContain('\u001B');
});

it('removes control characters from texts of people', async () => {
  const [first] = waiting.checkpoints[1]?.approvals ?? [];
  const evil = {
    ...waiting,
    checkpoints: waiting.checkpoints.map((each) =>
      first && each.approvals.length > 0 ? { ...each, approvals: [{ ...first, comment: 'fine\u001B[2K\u001B[1Arest\nT-0 ✔ go' }] } : each,
    ),
  };
  const { stdout } = await against(showing(evil), ['status', NAME]);
  expect(stdout).not.toContain('\u001B');
  expect(stdout).toContain('"fine·[2K·[1Arest / T-0 ✔ go"');
});

it('has everything of the text in JSON and YAML, progress included', async () => {
  const server = await serving(showing(inLoadTest));
  const json = JSON.parse((await tminus(['status', NAME, '--json'], { server: server.url })).stdout) as {
    progress: unknown[];
    checkpoints: unknown[];
  };
  expect(json.progress).toEqual([loadProgress]);
  expect(json.checkpoints).toHaveLength(3);
  expect((await tminus(['status', NAME, '-o', 'yaml'], { server: server.url })).stdout).toContain('\nphase: running\n');
});

it('prints a failure as the one document', async () => {
  for (const format of ['json', 'yaml']) {
    const { stdout, stderr } = await against({ [`GET ${PATH}`]: refusal(404, 'NotFound', 'there is no countdown named x') }, [
      'explain',
      NAME,
      '-o',
      format,
    ]);
    expect(stdout).toContain('there is no countdown named x');
    expect(stderr).toBe('');
  }
});

it('distinguishes an unreachable server, another server and an unknown countdown', async () => {
  const away = await tminus(['list'], { server: UNREACHABLE });
  expect(away).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^the server at http:\/\/127.0.0.1:6 does not respond: connect ECONNREFUSED 127\.0\.0\.1:6\n {2}start it with `tminus dev`, or set --server or TMINUS_SERVER\n$/,
    ),
  });
  const far = await tminus(['list'], { server: 'http://tminus.invalid' });
  expect(far.stderr).toMatch(/\n {2}check that it runs and that this machine reaches it, or set --server or TMINUS_SERVER\n$/);
  const lost = await against({ 'GET /api/v1/countdowns': 'lost' }, ['list']);
  expect(lost.stderr).toMatch(
    /did not respond: the connection was closed before a response\n {2}try again: the request changes nothing\n$/,
  );
  const other = await against({ 'GET /api/v1/countdowns': { text: '<html>nginx</html>' } }, ['list']);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a Tminus server (HTTP 200)') });
});

it('lists a plan without a launch as passed', async () => {
  const item = {
    name: NAME,
    service: 'shop/go-api',
    phase: 'ended',
    verdict: 'go',
    ending: 'passed',
    rehearsal: false,
    launchAt: '2026-11-24T09:00:00Z',
    nextCheckpointAt: null,
    state: 'ended',
    startedAt: '',
    endedAt: '2026-11-24T09:00:00Z',
  };
  const { stdout } = await against(
    { 'GET /api/v1/countdowns': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items: [item] } } },
    ['list'],
  );
  expect(stdout.split('\n')[1]).toMatch(/^go-api-1.4.0 {2}shop\/go-api {2}✔ passed {7}ended {5}ended 2026-11-24 09:00:00 UTC/);
});

it('lists countdowns in columns that fit', async () => {
  const items = [
    {
      name: NAME,
      service: 'shop/go-api',
      phase: 'waiting',
      verdict: 'hold',
      ending: null,
      rehearsal: true,
      launchAt: '2026-11-24T09:00:00Z',
      nextCheckpointAt: null,
      state: 'running',
      startedAt: '',
      endedAt: null,
    },
    {
      name: 'pay-2.0',
      service: null,
      phase: null,
      verdict: null,
      ending: null,
      rehearsal: false,
      launchAt: null,
      nextCheckpointAt: null,
      state: 'running',
      startedAt: '',
      endedAt: null,
    },
    {
      name: 'cart-7',
      service: 'shop/cart',
      phase: 'counting',
      verdict: null,
      ending: null,
      rehearsal: false,
      launchAt: null,
      nextCheckpointAt: null,
      state: 'running',
      startedAt: '',
      endedAt: null,
    },
  ];
  const { stdout } = await against(
    { 'GET /api/v1/countdowns': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items } } },
    ['list'],
  );
  const [title, first, second, third] = stdout.split('\n');
  expect(title).toBe('COUNTDOWN                 SERVICE      VERDICT        PHASE     WHEN');
  expect(first).toMatch(/^go-api-1.4.0 \(rehearsal\) {2}shop\/go-api {2}⏸ hold {9}waiting {3}launch 2026-11-24 09:00 UTC \(/);
  expect(second).toBe('pay-2.0                   ?              ?            ?');
  // Nothing is green before it is judged.
  expect(third).toBe('cart-7                    shop/cart    ▶ counting     counting');
});

const listed = (name: string, more: object = {}) => ({
  name,
  service: 'shop/go-api',
  phase: 'counting',
  verdict: null,
  ending: null,
  rehearsal: false,
  launchAt: '2026-11-24T09:00:00Z',
  nextCheckpointAt: null,
  state: 'running',
  startedAt: '',
  endedAt: null,
  workerVersion: '8c1f0a6d2b3e',
  hasWorker: true,
  ...more,
});
const listOf = (items: object[], nextPage: string | null = null) => ({
  body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items, nextPage },
});

it('lists the missing worker version of a countdown instead of its times', async () => {
  const { stdout } = await against({ 'GET /api/v1/countdowns': listOf([listed(NAME, { hasWorker: false })]) }, ['list']);
  expect(stdout.split('\n')[1]).toMatch(/counting {2}no worker of version 8c1f0a6d2b3e runs; start it$/);
});

it('prints a hint to older countdowns, and lists all of them with --all', async () => {
  const answers = {
    'GET /api/v1/countdowns': listOf([listed('new-1')], 'cGFnZSAy'),
    'GET /api/v1/countdowns?page=cGFnZSAy': listOf([listed('old-1', { state: 'ended' })], 'cGFnZSAz'),
    'GET /api/v1/countdowns?page=cGFnZSAz': listOf([listed('oldest-1', { state: 'ended' })]),
  };
  const first = (await against(answers, ['list'])).stdout;
  expect(first).toContain('more ended countdowns: `tminus list --all`');
  expect(first).not.toContain('old-1');
  const all = (await against(answers, ['list', '--all'])).stdout;
  expect(all).toMatch(/new-1[^]*old-1[^]*oldest-1/);
  expect(all).not.toContain('older ones');
});
