// What goes wrong on a launch day, on the real lab: each countdown must still end as it should, with the writes counted by the apiserver.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { auditWrites, deployShop, kill, paths, resetShop, restart, startTraffic, stopTraffic } from '../../lab/index.ts';
import { countdownId } from '../../release/countdown-id.ts';
import { startInstallation, pause, type Installation } from './installation.ts';

jest.setTimeout(600_000);

/** Temporal forgets an ended countdown while this file still runs. */
const RETENTION_SECONDS = 60;
const FORGOTTEN_WITHIN_MS = 150_000;
const SHOP = { namespace: 'shop', deployment: 'go-api' };
let images: { current: string; candidate: string };
let installation: Installation;
let temporal: Connection;
/** Launches of this file, in their order. */
const launches: string[] = [];
/** Those of the test that runs: a test that fails in the middle must not leave the service locked for all that follow. */
const started = new Set<string>();

beforeAll(async () => {
  installation = await startInstallation({ environment: paths().environment, temporal: paths().temporal });
  temporal = await Connection.connect({ address: paths().temporal });
  const config = { workflowExecutionRetentionTtl: { seconds: RETENTION_SECONDS as never } };
  await temporal.workflowService.updateNamespace({ namespace: installation.namespace, config });
});
beforeEach(async () => {
  images = await deployShop();
  await resetShop();
});
afterEach(async () => {
  for (const name of started) {
    if ((await installation.status(name)).phase === 'ended') continue;
    await installation.tminus('requester', 'abort', name, '-m', 'test over', '--confirm', name);
    await ended(name);
  }
  started.clear();
});
afterAll(async () => {
  await installation.close();
  await temporal.close();
  await stopTraffic();
  await resetShop();
});

interface PlanOptions {
  candidate?: string;
  countdown?: string;
  bake?: string;
  load?: boolean;
  poll?: boolean;
}

/** A short plan in real time: nothing here may be skipped. */
function releaseFile({ candidate = images.candidate, countdown = '5s', bake = '10s', load = false, poll = false }: PlanOptions): {
  name: string;
  file: string;
} {
  const { home } = installation;
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

async function start(options: PlanOptions = {}): Promise<string> {
  const { name, file } = releaseFile(options);
  const ran = await installation.tminus('requester', 'start', file);
  expect(ran).toMatchObject({ code: 0 });
  started.add(name);
  launches.push(name);
  return name;
}

const ended = (name: string) => installation.until(name, 'ended', ({ phase }) => phase === 'ended', 240_000);
const writesSince = async (count: number) => (await auditWrites(SHOP)).slice(count).map(({ image }) => image);
const deaths = () => installation.devOutput().split('worker exited (SIGKILL)').length - 1;

describe('kill -9 of the worker', () => {
  it('in the load test and before the launch write: the run starts again from nothing, and the launch is written exactly once', async () => {
    await startTraffic(100);
    const [writes, died] = [(await auditWrites(SHOP)).length, deaths()];
    for (const place of ['load-test.running', 'deployment-image.apply-write.before'] as const) installation.dieAt(place);
    const name = await start({ load: true, countdown: '40s' });
    const now = await ended(name);
    expect(now).toMatchObject({ ending: 'launched' });
    expect([installation.deathsToCome(), deaths() - died]).toEqual([[], 2]);
    expect(await writesSince(writes)).toEqual([images.candidate]);
    const delivered = now.checkpoints[0]?.steps[0]?.findings.find(({ code }) => code === 'LoadDelivered');
    expect(delivered).toMatchObject({ outcome: 'pass' });
    expect(Number(delivered?.measured)).toBeLessThanOrEqual(100.5);
  });

  it('after the launch write: it is not written again, and the countdown ends as launched', async () => {
    await startTraffic(100);
    const [writes, died] = [(await auditWrites(SHOP)).length, deaths()];
    installation.dieAt('deployment-image.apply-write.after');
    const name = await start();
    expect(await ended(name)).toMatchObject({ ending: 'launched' });
    expect([installation.deathsToCome(), deaths() - died]).toEqual([[], 1]);
    expect(await writesSince(writes)).toEqual([images.candidate]);
  });

  it('before and after the rollback write: one launch write, one rollback write, and the old version serves', async () => {
    const { candidate } = await deployShop({ fault: 'broken-image' });
    const [writes, died] = [(await auditWrites(SHOP)).length, deaths()];
    for (const place of ['deployment-image.restore-write.before', 'deployment-image.restore-write.after'] as const)
      installation.dieAt(place);
    const name = await start({ candidate });
    expect(await ended(name)).toMatchObject({ ending: 'rolled-back' });
    expect([installation.deathsToCome(), deaths() - died]).toEqual([[], 2]);
    expect(await writesSince(writes)).toEqual([candidate, images.current]);
  });
});

it('holds, naming the query, when Prometheus stops while the guard runs, and goes on by itself when it is back', async () => {
  await startTraffic(100);
  const name = await start({ bake: '20s' });
  await installation.until(
    name,
    'in the guard',
    ({ checkpoints }) => checkpoints.at(-1)?.steps.some((step) => step.type === 'guard' && step.state === 'running') ?? false,
  );
  await pause(6_000);
  await kill('prometheus');
  try {
    const held = await installation.until(name, 'holding', ({ phase }) => phase === 'holding', 60_000);
    expect(held.verdict).toBe('hold');
    expect(held.message).toMatch(/sum by \(pod\).* was not queried/);
    expect((await installation.tminus('requester', 'status', name, '--wait', '--timeout', '2s')).code).toBe(5);
  } finally {
    await restart('prometheus');
  }
  expect(await ended(name)).toMatchObject({ ending: 'launched' });
});

it('loses nothing when the Temporal server is killed in the middle of a hold, and counts an approval once though it is sent twice', async () => {
  await startTraffic(100);
  const name = await start({ poll: true, countdown: '8s' });
  await installation.until(name, 'waiting', ({ phase }) => phase === 'waiting');
  expect((await installation.tminus('requester', 'hold', name, '-m', 'incident')).code).toBe(0);
  const held = await installation.until(name, 'holding', ({ phase }) => phase === 'holding');
  await kill('temporal-server');
  await pause(2_000);
  await restart('temporal-server');
  const still = await installation.until(name, 'holding again', ({ phase }) => phase === 'holding', 90_000);
  expect(still.auditHead).toEqual(held.auditHead);
  expect((await installation.tminus('li.wei', 'resume', name, '-m', 'over')).code).toBe(0);
  const waiting = await installation.until(name, 'waiting', ({ phase }) => phase === 'waiting');
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
    fetch(`${installation.url}/api/v1/countdowns/${name}/actions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${installation.token('a.osei')}`, 'content-type': 'application/json' },
      body,
    }).then((answer) => answer.json());
  const first = await send();
  expect(await send()).toEqual(first);
  const done = await ended(name);
  expect(done.ending).toBe('launched');
  expect(done.checkpoints[0]?.approvals).toHaveLength(1);
});

it('refuses a second countdown for the same service with a sentence', async () => {
  const first = await start({ countdown: '10m' });
  const { name, file } = releaseFile({ countdown: '10m' });
  const second = await installation.tminus('requester', 'start', file);
  expect(second.code).toBe(6);
  expect(second.stderr + second.stdout).toContain(`shop/go-api already has a countdown: ${first}`);
  expect((await installation.tminus('requester', 'abort', first, '-m', 'test over', '--confirm', first)).code).toBe(0);
  expect(await ended(first)).toMatchObject({ ending: 'aborted' });
  expect((await installation.tminus('requester', 'start', file)).code).toBe(0);
  started.add(name);
});

it('explains why each wrong approval does not count, and verifies the chain of the audit', async () => {
  const name = await start({ poll: true, countdown: '10s' });
  const approve = (who: 'requester' | 'li.wei', ...more: string[]) =>
    installation.tminus(who, 'approve', name, '-m', 'go', '--checkpoint', 'poll', ...more);
  const early = await approve('li.wei');
  expect(early).toMatchObject({ code: 6, stderr: expect.stringContaining('not possible now') });
  await installation.until(name, 'waiting', ({ phase }) => phase === 'waiting');
  expect(await approve('requester')).toMatchObject({ code: 6 });
  await installation.tminus('requester', 'abort', name, '-m', 'test over', '--confirm', name);
  await ended(name);
  const events = await installation.tminus('requester', 'events', name);
  expect(events.code).toBe(0);
  expect(events.stdout).toMatch(/approve.refused/);
  expect(events.stdout).toMatch(/chain verified/);
});

describe('without a worker that could answer', () => {
  const [first, last] = [() => launches[0]!, () => launches.at(-1)!];
  beforeAll(async () => {
    // Its record is stored after the end, right before the workflow closes.
    await new Client({ connection: temporal, namespace: installation.namespace }).workflow.getHandle(countdownId(last())).result();
    await installation.serveAlone();
  });

  it('shows and verifies a countdown that has just ended: its own version does not run any more', async () => {
    await readable(last());
  });

  it('shows and verifies a launch that Temporal has forgotten', async () => {
    const { workflow } = new Client({ connection: temporal, namespace: installation.namespace });
    const deadline = Date.now() + FORGOTTEN_WITHIN_MS;
    while (
      await workflow
        .getHandle(countdownId(first()))
        .describe()
        .then(() => true, isNotForgotten)
    ) {
      if (Date.now() > deadline) throw new Error(`Temporal still keeps ${first()}`);
      await pause(1_000);
    }
    const { status, verified } = await readable(first());
    expect(status.stdout).toContain('launched');
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/^verified: \d+ findings/m) });
  });

  function isNotForgotten(error: unknown): boolean {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }

  async function readable(name: string) {
    const status = await installation.tminus('requester', 'status', name);
    expect(status).toMatchObject({ stdout: expect.stringContaining(name), stderr: '' });
    const events = await installation.tminus('requester', 'events', name);
    expect(events).toMatchObject({ code: 0, stdout: expect.stringMatching(/chain verified/) });
    const page = join(installation.home, `${name}.html`);
    expect(await installation.tminus('requester', 'report', name, '--html', page)).toMatchObject({ code: 0 });
    expect(readFileSync(page, 'utf8')).toContain(name);
    return { status, verified: await installation.tminus('requester', 'verify', name) };
  }
});
