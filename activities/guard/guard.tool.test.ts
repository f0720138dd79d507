// Guard and preflight against the real Prometheus; the pods are fake, so that they fail when the test says.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { recordedActivity } from '../testing/lab-cluster.ts';
import { createPreflightActivities } from '../preflight/run-preflight.ts';
import { createPrometheusClient } from '../prometheus/client.ts';
import { SETTLED_AFTER_S } from '../prometheus/queries.ts';
import { startRealPrometheus, type RealPrometheus } from '../testing/fake-pods.ts';
import type { GuardInput, PreflightInput } from '../steps-contract.ts';
import { fakeCluster, fakePods, FAKE_IMAGE } from '../testing/fake-cluster.ts';
import { createGuardActivities } from './run-guard.ts';

jest.setTimeout(60_000);

const production = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const step: GuardInput['step'] = {
  type: 'guard',
  name: 'guard',
  bakeMs: 6_000,
  maxBakeMs: 60_000,
  intervalMs: 500,
  noDataAfterMs: 3_000,
  liveDeadlineMs: 6_000,
  minRequests: 300,
  falseAlarmPercent: 1,
  metric: 'http_request_duration_seconds',
  limits: { p99Ms: 300, errorPercent: 0.1 },
};
const preflight: PreflightInput = {
  step: { type: 'preflight', name: 'preflight', maxClockSkewMs: 2_000 },
  quick: false,
  countdown: 'countdown/go-api-1.4.0/run',
  production,
  staging: { ...production, namespace: 'shop-staging' },
  image: FAKE_IMAGE,
  healthTarget: 'shop',
  healthPath: '/healthz',
  guard: step,
};

interface Running {
  prometheus: RealPrometheus;
  /** 50 times a second per pod, from now on. */
  send(each?: { errors?: number; slow?: number; requests?: number }): void;
  /**
   * Until Prometheus had scraped every pod at the moment that is asked for: it looks for targets only every 5 s, and after a restart the old
   * samples are still there.
   */
  scraped(count?: number): Promise<void>;
  acts(cluster?: ReturnType<typeof fakeCluster>): ReturnType<typeof createGuardActivities> & ReturnType<typeof createPreflightActivities>;
}

/** A test with a Prometheus and pods of its own: most of its time it waits, so that all of them wait together. */
const running =
  (body: (running: Running) => Promise<void>, options: Parameters<typeof startRealPrometheus>[1] = {}): (() => Promise<void>) =>
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tminus-guard-'));
    const health = createServer((_request, response) => response.end('{"status":"ok"}'));
    await new Promise<void>((done) => health.listen(0, '127.0.0.1', done));
    let prometheus: RealPrometheus | undefined;
    let traffic: NodeJS.Timeout | undefined;
    try {
      prometheus = await startRealPrometheus(fakePods, options);
      const { url, pods } = prometheus;
      const environment = {
        spec: {
          clusters: { lab: { kubeconfig: 'none', prometheus: 'lab', pprofPort: 6060, metricsPort: 8080, podLogs: false } },
          prometheus: { lab: { url } },
          targets: { shop: { url: `http://127.0.0.1:${(health.address() as AddressInfo).port}` } },
        },
      } as never;
      await body({
        prometheus,
        send({ errors = 0, slow = 0, requests = 20 } = {}) {
          clearInterval(traffic);
          traffic = setInterval(() => {
            for (const pod of Object.values(pods)) {
              pod.requests += requests;
              pod.errors += errors;
              pod.slow += slow;
            }
          }, 20);
        },
        async scraped(count = 3) {
          const client = createPrometheusClient({ url });
          for (const endsAt = performance.now() + 15_000; performance.now() < endsAt;) {
            const up = await client.vector('up == 1 and (time() - timestamp(up)) < 1', Date.now() / 1_000 - SETTLED_AFTER_S);
            if (up.ok && up.value.length === count) return;
            await new Promise((done) => setTimeout(done, 100));
          }
          throw new Error('Prometheus did not scrape the pods within 15 s');
        },
        acts(cluster = fakeCluster()) {
          const store = createFolderEvidenceStore(folder);
          const dependencies = { store, environment, clients: () => cluster.client, activity: recordedActivity };
          return { ...createGuardActivities(dependencies), ...createPreflightActivities(dependencies) };
        },
      });
    } finally {
      clearInterval(traffic);
      health.close();
      await prometheus?.close();
      await rm(folder, { recursive: true, force: true });
    }
  };

const input = (change: Partial<GuardInput> = {}, times: Partial<GuardInput['step']> = {}): GuardInput => ({
  step: { ...step, ...times },
  production,
  image: FAKE_IMAGE,
  healthTarget: 'shop',
  healthPath: '/healthz',
  launchedAt: null,
  carry: null,
  blindReported: false,
  ...change,
});

describe('the guard with the real Prometheus', () => {
  it.concurrent(
    'passes a version that keeps its limits, on exactly the requests that were answered',
    running(async ({ send, scraped, acts }) => {
      send();
      await scraped();
      const { outcome, findings, facts, evidence, carry } = await acts().runGuard(input());
      expect(outcome).toBe('passed');
      expect(findings).toMatchObject([{ code: 'GuardPassed', outcome: 'pass' }]);
      expect(evidence).toMatchObject([{ kind: 'prometheus-samples' }]);
      expect(carry.tally.watchedMs).toBeGreaterThanOrEqual(6_000);
      // 3 pods x 1,000 requests a second; timers of a busy machine may be late, never early. The million probes are not among them.
      expect(facts[0]?.values['requests']).toBeGreaterThan(6_000);
      expect(facts[0]?.values['requests']).toBeLessThan(22_000);
    }),
  );

  it.concurrent(
    'fails within seconds when requests begin to fail',
    running(async ({ send, scraped, acts }) => {
      send({ errors: 1 });
      await scraped();
      const startedMs = performance.now();
      const { findings } = await acts().runGuard(input({}, { bakeMs: 60_000 }));
      expect(findings).toMatchObject([
        { code: 'ErrorRateAboveLimit', outcome: 'fail', limit: 0.1, message: expect.stringContaining('requests failed') },
      ]);
      // Three windows of 1.5 s, the scrape after them, and what a busy machine takes.
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    }),
  );

  it.concurrent(
    'fails when the slowest 1 % take longer than the limit',
    running(async ({ send, scraped, acts }) => {
      send({ slow: 2 });
      await scraped();
      expect((await acts().runGuard(input({}, { bakeMs: 60_000 }))).findings).toMatchObject([
        { code: 'LatencyAboveLimit', outcome: 'fail' },
      ]);
    }),
  );

  it.concurrent(
    'reports the query when Prometheus dies, and goes on by itself when it is back',
    running(async ({ prometheus, send, scraped, acts }) => {
      send();
      await scraped();
      const { runGuard } = acts();
      const long = { bakeMs: 8_000, liveDeadlineMs: 60_000 };
      const watching = runGuard(input({}, long));
      setTimeout(() => void prometheus.stop(), 2_000);
      const { outcome, findings, carry } = await watching;
      expect(outcome).toBe('blind');
      expect(findings).toMatchObject([
        {
          code: 'GuardNoData',
          outcome: 'inconclusive',
          message: expect.stringContaining(
            'sum by (pod) (http_request_duration_seconds_count{namespace="shop",pod=~"go-api-7d4b9c-[a-z0-9]+"',
          ),
        },
      ]);
      expect(carry.tally.watchedMs).toBeLessThan(4_000);
      await prometheus.start();
      await scraped();
      const sees = await runGuard(input({ carry, blindReported: true }, long));
      expect(sees.outcome).toBe('recovered');
      const passed = await runGuard(input({ carry: sees.carry }, long));
      expect(passed).toMatchObject({ outcome: 'passed', findings: [{ code: 'GuardPassed' }] });
      // Counters are cumulative: what was answered while Prometheus was away is counted.
      expect(passed.carry.tally.requests).toBeGreaterThan(sees.carry.tally.requests);
    }),
  );

  it.concurrent(
    'reports when one of the Ready pods cannot be scraped, though all others are well',
    running(async ({ prometheus, send, scraped, acts }) => {
      send();
      await scraped();
      (prometheus.pods[fakePods[1] as string] as { up: boolean }).up = false;
      expect((await acts().runGuard(input())).findings).toMatchObject([
        { code: 'GuardNoData', message: expect.stringContaining(`last scrape of pod ${fakePods[1]} failed`) },
      ]);
    }),
  );

  it.concurrent(
    'reports when two jobs scrape the same pods',
    running(
      async ({ send, scraped, acts }) => {
        send();
        await scraped(6);
        expect((await acts().runGuard(input())).findings).toMatchObject([
          { code: 'GuardNoData', message: expect.stringContaining('2 times') },
        ]);
      },
      { doubled: true },
    ),
  );

  it.concurrent(
    'reports the query when every request fails, but under a label of another name',
    running(
      async ({ send, scraped, acts }) => {
        send({ errors: 20 });
        await scraped();
        expect((await acts().runGuard(input())).findings).toMatchObject([
          { code: 'GuardNoData', outcome: 'inconclusive', message: expect.stringContaining('code=~"[1-5].."') },
        ]);
      },
      { codeLabel: 'status' },
    ),
  );

  it.concurrent(
    'is undecided without traffic, and never takes 0 of 0 for a pass',
    running(async ({ scraped, acts }) => {
      await scraped();
      expect((await acts().runGuard(input({}, { bakeMs: 1_000, maxBakeMs: 2_000 }))).findings).toMatchObject([
        { code: 'GuardUndecided', outcome: 'inconclusive', measured: 0 },
      ]);
    }),
  );

  it.concurrent(
    'reports when the cluster cannot be asked, and when other pods than the launched run',
    running(async ({ send, scraped, acts }) => {
      send();
      await scraped();
      expect((await acts(fakeCluster({ status: 403 })).runGuard(input())).findings).toMatchObject([
        {
          code: 'GuardNoData',
          message: expect.stringContaining('could not get deployments.apps shop/go-api: forbidden (403)'),
        },
      ]);
      expect((await acts(fakeCluster({ image: 'registry.local/go-api:other' })).runGuard(input())).findings).toMatchObject([
        { code: 'GuardNoData', message: expect.stringContaining('not the launched image') },
      ]);
    }),
  );

  it.concurrent(
    'measures what the old version answered before the launch',
    running(async ({ send, scraped, acts }) => {
      send();
      await scraped();
      await new Promise((done) => setTimeout(done, 3_000));
      const { carry } = await acts().runGuard(input({ launchedAt: new Date(Date.now() - 1_000).toISOString() }, { bakeMs: 1_000 }));
      expect(carry.oldTraffic).toMatchObject({ windowS: 300, trouble: null });
      expect(carry.oldTraffic?.requests).toBeGreaterThan(0);
    }),
  );
});

describe('preflight with the real Prometheus', () => {
  it.concurrent(
    'passes 18 of 18 and names the clock skew',
    running(async ({ send, scraped, acts }) => {
      send();
      await scraped();
      const { findings, facts, evidence } = await acts().runPreflight(preflight);
      expect(findings.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
      expect(facts[0]?.text).toMatch(/^18 of 18: rights, health, series, image, clock skew \d+ ms$/);
      expect(evidence).toMatchObject([{ kind: 'preflight-answers' }]);
    }),
  );

  it.concurrent(
    'finds the missing bucket, the wrong metric, the paused Deployment and the missing right, each by name',
    running(async ({ scraped, acts }) => {
      await scraped();
      const guard = { ...step, limits: { ...step.limits, p99Ms: 250 } };
      const { findings } = await acts(fakeCluster({ paused: true, allowed: false, nodeImages: [] })).runPreflight({
        ...preflight,
        guard,
      });
      expect(findings.filter(({ outcome }) => outcome === 'fail').map(({ subject }) => subject)).toEqual([
        'rights',
        'not paused',
        'latency buckets',
      ]);
      const wrong = await acts().runPreflight({ ...preflight, guard: { ...step, metric: 'no_such_metric' } });
      expect(wrong.findings.filter(({ outcome }) => outcome !== 'pass').map(({ subject }) => subject)).toEqual([
        'request counters',
        'latency buckets',
      ]);
    }),
  );

  it.concurrent(
    'finds a histogram that labels the status otherwise than the guard asks for it',
    running(
      async ({ send, scraped, acts }) => {
        send();
        await scraped();
        const { findings } = await acts().runPreflight(preflight);
        expect(findings.filter(({ outcome }) => outcome !== 'pass')).toMatchObject([
          { subject: 'request counters', outcome: 'fail', message: expect.stringContaining('label the histogram with `code`') },
        ]);
      },
      { codeLabel: 'status_code' },
    ),
  );

  it.concurrent(
    'cannot tell without Prometheus, and says so once for each question it could not ask',
    running(async ({ prometheus, acts }) => {
      await prometheus.stop();
      const { findings, facts } = await acts().runPreflight(preflight);
      expect(findings.filter(({ outcome }) => outcome === 'inconclusive').map(({ subject }) => subject)).toEqual([
        'prometheus clock',
        'scrape targets',
        'request counters',
        'latency buckets',
      ]);
      expect(facts[0]?.text).toBe('14 of 18: not passed: prometheus clock, scrape targets, request counters, latency buckets');
    }),
  );
});
