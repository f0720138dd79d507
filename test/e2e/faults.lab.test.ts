// What goes wrong on a launch day, on the real lab: each countdown must still end as it should, with the writes counted by the apiserver.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { auditWrites, deployShop, kill, paths, resetShop, restart, startTraffic, stopTraffic } from '../../lab/index.ts';
import { openHouse, pause, type House, type HouseOptions } from './house.ts';

jest.setTimeout(600_000);

const SHOP = { namespace: 'shop', deployment: 'go-api' };
let images: { current: string; candidate: string };
let house: House | null = null;

beforeEach(async () => {
  images = await deployShop();
  await resetShop();
});
afterEach(async () => {
  await house?.close();
  house = null;
});
afterAll(async () => {
  await stopTraffic();
  await resetShop();
});

async function open(options: Partial<HouseOptions> = {}): Promise<House> {
  house = await openHouse({ environment: paths().environment, temporal: paths().temporal, ...options });
  return house;
}

interface PlanOptions {
  candidate?: string;
  countdown?: string;
  bake?: string;
  load?: boolean;
  poll?: boolean;
}

/** A short plan in real time: nothing here may be skipped. */
function releaseFile(
  home: string,
  { candidate = images.candidate, countdown = '5s', bake = '10s', load = false, poll = false }: PlanOptions,
): { name: string; file: string } {
  const name = `go-api-${randomUUID().slice(0, 8)}`;
  mkdirSync(join(home, 'k6'), { recursive: true });
  writeFileSync(
    join(home, 'k6/shop.js'),
    `import http from 'k6/http';
export default function () {
  http.get(\`\${__ENV.TARGET}/api/user/profile?id=1\`, { tags: { name: 'GET /api/user/profile' } });
}
`,
  );
  const checkpoints = [
    ...(load
      ? [
          `    - { name: load, at: T-${countdown}, steps: [{ type: loadTest, stages: [{ duration: 2s, rate: 60 }, { duration: 10s, rate: 60 }], limits: { errorRate: 1% } }] }`,
        ]
      : []),
    ...(poll ? [`    - { name: poll, at: T-1s, approval: { deadline: 5m } }`] : []),
    `    - { name: launch, at: T-0, steps: [{ type: launch }, { type: guard, bake: ${bake}, interval: 2s, noDataAfter: 8s, minRequests: 100, limits: { p99: 300ms, errorRate: 5% } }] }`,
  ];
  const file = join(home, `${name}.yaml`);
  writeFileSync(
    file,
    `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: ${name} }
spec:
  service: { name: go-api, namespace: shop, image: "${candidate}" }
  cluster: lab
  countdown: ${countdown}
  launchWindow: 30m
  load: { script: k6/shop.js, target: shop-staging }
  approvers: { groups: [release-managers], count: 1 }
  checkpoints:
${checkpoints.join('\n')}
`,
  );
  return { name, file };
}

async function start(at: House, options: PlanOptions = {}): Promise<string> {
  const { name, file } = releaseFile(at.home, options);
  const ran = await at.tminus('requester', 'start', file);
  expect(ran).toMatchObject({ code: 0 });
  return name;
}

const ended = (at: House, name: string) => at.until(name, 'ended', ({ phase }) => phase === 'ended', 240_000);
const writesSince = async (count: number) => (await auditWrites(SHOP)).slice(count).map(({ image }) => image);
const dies = (failpoint: string) => ({
  env: {
    TMINUS_FAILPOINT: failpoint,
    TMINUS_FAILPOINT_ONCE: join(
      '/tmp',
      `tminus-${createHash('sha256')
        .update(failpoint + randomUUID())
        .digest('hex')
        .slice(0, 12)}`,
    ),
  },
});

describe('kill -9 of the worker', () => {
  it.each(['launch.before-write', 'launch.after-write'])(
    '%s: the launch is written exactly once and the countdown ends as launched',
    async (failpoint) => {
      await startTraffic(100);
      const before = (await auditWrites(SHOP)).length;
      const options = dies(failpoint);
      const at = await open(options);
      const name = await start(at);
      expect(await ended(at, name)).toMatchObject({ ending: 'launched' });
      expect(existsSync(options.env.TMINUS_FAILPOINT_ONCE)).toBe(true);
      expect(at.devOutput()).toContain('worker died (SIGKILL)');
      expect(await writesSince(before)).toEqual([images.candidate]);
    },
  );

  it.each(['rollback.before-write', 'rollback.after-write'])(
    '%s: one launch write, one rollback write, and the old version serves',
    async (failpoint) => {
      const { candidate } = await deployShop({ fault: 'broken-image' });
      const before = (await auditWrites(SHOP)).length;
      const options = dies(failpoint);
      const at = await open(options);
      const name = await start(at, { candidate });
      expect(await ended(at, name)).toMatchObject({ ending: 'rolled-back' });
      expect(existsSync(options.env.TMINUS_FAILPOINT_ONCE)).toBe(true);
      expect(await writesSince(before)).toEqual([candidate, images.current]);
    },
  );

  it('in the load test: the run starts again from nothing and is never half counted', async () => {
    await startTraffic(100);
    const options = dies('load-test.running');
    const at = await open(options);
    const name = await start(at, { load: true, countdown: '40s' });
    const now = await ended(at, name);
    expect(now).toMatchObject({ ending: 'launched' });
    expect(existsSync(options.env.TMINUS_FAILPOINT_ONCE)).toBe(true);
    const delivered = now.checkpoints[0]?.steps[0]?.findings.find(({ code }) => code === 'LoadDelivered');
    expect(delivered).toMatchObject({ outcome: 'pass' });
    expect(Number(delivered?.measured)).toBeLessThanOrEqual(100.5);
  });
});

it('holds, naming the query, when Prometheus stops while the guard runs, and goes on after a resume', async () => {
  await startTraffic(100);
  const at = await open();
  const name = await start(at, { bake: '40s' });
  await at.until(
    name,
    'in the guard',
    ({ checkpoints }) => checkpoints.at(-1)?.steps.some((step) => step.type === 'guard' && step.state === 'running') ?? false,
  );
  await pause(6_000);
  await kill('prometheus');
  try {
    const held = await at.until(name, 'holding', ({ phase }) => phase === 'holding', 60_000);
    expect(held.verdict).toBe('hold');
    expect(held.sentence).toMatch(/nothing is known of sum by \(pod\)/);
    expect((await at.tminus('requester', 'status', name, '--wait', '--timeout', '2s')).code).toBe(5);
  } finally {
    await restart('prometheus');
  }
  await pause(6_000);
  expect((await at.tminus('li.wei', 'resume', name, '-m', 'Prometheus is back')).code).toBe(0);
  expect(await ended(at, name)).toMatchObject({ ending: 'launched' });
});

it('loses nothing when the Temporal server is killed in the middle of a hold, and counts an approval once though it is sent twice', async () => {
  await startTraffic(100);
  const at = await open({ namespace: 'default' });
  const name = await start(at, { poll: true, countdown: '8s' });
  await at.until(name, 'waiting', ({ phase }) => phase === 'waiting');
  expect((await at.tminus('requester', 'hold', name, '-m', 'incident')).code).toBe(0);
  const held = await at.until(name, 'holding', ({ phase }) => phase === 'holding');
  await kill('temporal-server');
  await pause(2_000);
  await restart('temporal-server');
  const still = await at.until(name, 'holding again', ({ phase }) => phase === 'holding', 90_000);
  expect(still.auditHead).toEqual(held.auditHead);
  expect((await at.tminus('li.wei', 'resume', name, '-m', 'over')).code).toBe(0);
  const waiting = await at.until(name, 'waiting', ({ phase }) => phase === 'waiting');
  const poll = waiting.checkpoints[0]!;
  const body = JSON.stringify({
    id: randomUUID(),
    action: 'approve',
    checkpoint: poll.name,
    revision: poll.revision,
    evidenceDigest: poll.evidenceDigest,
    comment: 'go',
  });
  const send = () =>
    fetch(`${at.url}/api/v1/releases/${name}/acts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${at.token('a.osei')}`, 'content-type': 'application/json' },
      body,
    }).then((answer) => answer.json());
  const first = await send();
  expect(await send()).toEqual(first);
  const done = await ended(at, name);
  expect(done.ending).toBe('launched');
  expect(done.checkpoints[0]?.approvals).toHaveLength(1);
});

it('refuses a second countdown for the same service with a sentence', async () => {
  const at = await open();
  const first = await start(at, { countdown: '10m' });
  const { file } = releaseFile(at.home, { countdown: '10m' });
  const second = await at.tminus('requester', 'start', file);
  expect(second.code).toBe(6);
  expect(second.stderr + second.stdout).toContain(`shop/go-api already has a countdown: ${first}`);
  expect((await at.tminus('requester', 'abort', first, '-m', 'test over', '--confirm', first)).code).toBe(0);
  expect(await ended(at, first)).toMatchObject({ ending: 'aborted' });
  expect((await at.tminus('requester', 'start', file)).code).toBe(0);
});

it('tells why each wrong approval does not count, and verifies the chain of the audit', async () => {
  const at = await open();
  const name = await start(at, { poll: true, countdown: '20s' });
  const approve = (who: 'requester' | 'li.wei', ...more: string[]) =>
    at.tminus(who, 'approve', name, '-m', 'go', '--checkpoint', 'poll', ...more);
  const early = await approve('li.wei');
  expect(early).toMatchObject({ code: 6, stderr: expect.stringContaining('early') });
  await at.until(name, 'waiting', ({ phase }) => phase === 'waiting');
  expect(await approve('requester')).toMatchObject({ code: 6 });
  await at.tminus('requester', 'abort', name, '-m', 'test over', '--confirm', name);
  await ended(at, name);
  const events = await at.tminus('requester', 'events', name);
  expect(events.code).toBe(0);
  expect(events.stdout).toMatch(/approve.refused/);
  expect(events.stdout).toMatch(/chain verified/);
});
