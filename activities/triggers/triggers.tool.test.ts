// Triggers on the real Prometheus and Alertmanager; the pods are fake, so that they fail when the test says.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { describe, expect, it, jest } from '@jest/globals';
import { alertCondition, metricsCondition } from '../../analysis/testing/triggers.ts';
import { replayTriggers } from '../../analysis/trigger/record.ts';
import { alertmanagerProcess, type AlertmanagerProcess } from '../../test/alarm/alertmanager-process.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { createPrometheusClient } from '../prometheus/client.ts';
import { SETTLED_AFTER_S } from '../prometheus/queries.ts';
import { fakeCluster, fakePods } from '../testing/fake-cluster.ts';
import { startRealPrometheus, type RealPrometheus } from '../testing/fake-pods.ts';
import { recordedActivity } from '../testing/lab-cluster.ts';
import type { TriggerReport, WatchTriggerInput } from './contract.ts';
import { createTriggerActivities } from './watch-trigger.ts';

jest.setTimeout(90_000);

const target = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const metrics = { ...metricsCondition, minRatePerSecond: 1_000, noDataAfterMs: 6_000 };
const alert = { ...alertCondition, alert: 'ManyErrors', intervalMs: 1_000, noDataAfterMs: 6_000 };
const input = (change: Partial<WatchTriggerInput> = {}): WatchTriggerInput => ({
  trigger: metrics,
  target,
  until: 'fires',
  since: null,
  forMs: 0,
  timeoutMs: 60_000,
  ...change,
});
const ERRORS = 'sum(rate(http_request_duration_seconds_count{code="500"}[4s])) > 10';
const rules = [
  { alert: 'ManyErrors', expr: ERRORS, labels: { severity: 'critical' } },
  { alert: 'NoSeries', expr: 'rate(zap_error_total[4s]) > 10' },
];

interface Running {
  prometheus: RealPrometheus;
  alertmanager: AlertmanagerProcess;
  /** 3,000 requests/s, this share (0-1) of them with errors, from now on. */
  send(share: number): void;
  watch(change?: Partial<WatchTriggerInput>): Promise<TriggerReport>;
  /** The outcome from its stored samples; throws unless it is that of the report. */
  verify(report: TriggerReport): Promise<void>;
}

/** A test with its own Prometheus, Alertmanager and pods: it waits most of its time, so that all of them wait together. */
const running =
  (body: (running: Running) => Promise<void>, options: { codeLabel?: string; scrapeInterval?: string } = {}): (() => Promise<void>) =>
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tminus-triggers-'));
    const closes: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
    let traffic: NodeJS.Timeout | undefined;
    try {
      const alertmanager = await alertmanagerProcess({ route: { receiver: 'none', group_wait: '0s' }, receivers: [{ name: 'none' }] });
      closes.push(() => alertmanager.close());
      const ruleFile = join(folder, 'rules.yaml');
      writeFileSync(ruleFile, JSON.stringify({ groups: [{ name: 'go-api', interval: '1s', rules }] }));
      const alerting = { alertmanagers: [{ static_configs: [{ targets: [alertmanager.address] }] }] };
      const prometheus = await startRealPrometheus(fakePods, { ...options, config: { rule_files: [ruleFile], alerting } });
      closes.push(() => prometheus.close());
      const store = createFolderEvidenceStore(join(folder, 'evidence'));
      const environment = {
        spec: {
          clusters: { lab: { kubeconfig: 'none', prometheus: 'lab', podLogs: false } },
          prometheus: { lab: { url: prometheus.url } },
          alertmanager: { lab: { url: `http://${alertmanager.address}` } },
        },
      } as never;
      const cluster = fakeCluster();
      const { watchTrigger } = createTriggerActivities({ store, environment, clients: () => cluster.client, activity: recordedActivity });
      const send = (share: number): void => {
        clearInterval(traffic);
        traffic = setInterval(() => {
          for (const pod of Object.values(prometheus.pods)) {
            pod.requests += 20;
            pod.errors += 20 * share;
          }
        }, 20);
      };
      send(0);
      await scraped(prometheus.url);
      await body({
        prometheus,
        alertmanager,
        send,
        watch: (change) => watchTrigger(input(change)),
        async verify({ outcome, at, message, evidence }) {
          const [again, ...others] = await replayTriggers(
            evidence.map(({ digest }) => digest),
            (digest) => store.get(digest),
          );
          expect([again?.outcome, others]).toEqual([{ outcome, atMs: Date.parse(at), message }, []]);
        },
      });
    } finally {
      clearInterval(traffic);
      for (const close of closes.toReversed()) await close();
    }
  };

/** Until Prometheus has scraped every pod: it looks for targets only every 5 s. */
async function scraped(url: string): Promise<void> {
  const client = createPrometheusClient({ url });
  for (const endsAt = performance.now() + 20_000; performance.now() < endsAt;) {
    const up = await client.vector('up == 1 and (time() - timestamp(up)) < 3', Date.now() / 1_000 - SETTLED_AFTER_S);
    if (up.ok && up.value.length === fakePods.length) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('Prometheus did not scrape the pods within 20 s');
}

const secondsSince = (startedMs: number, at: string): number => (Date.parse(at) - startedMs) / 1_000;

describe('a trigger on the metrics of the real Prometheus', () => {
  it.concurrent(
    'fires within 30 s of errors of 5 %, counted from the fault on, and clears when they are over',
    running(
      async ({ send, watch, verify }) => {
        const since = new Date();
        send(0.05);
        const fired = await watch({ since: since.toISOString() });
        expect(fired).toMatchObject({
          outcome: 'fired',
          message: expect.stringMatching(/^[45](\.\d+)? % of [123],\d\d\d requests\/s failed in the last .*, limit 1 %$/),
        });
        expect(secondsSince(since.getTime(), fired.at)).toBeLessThanOrEqual(30);
        await verify(fired);

        send(0);
        const overMs = Date.now();
        const cleared = await watch({ until: 'clears', forMs: 4_000 });
        expect(cleared.outcome).toBe('cleared');
        expect(secondsSince(overMs, cleared.at)).toBeLessThanOrEqual(20);
        await verify(cleared);
        // As the lab scrapes.
      },
      { scrapeInterval: '2s' },
    ),
  );

  it.concurrent(
    'does not fire without errors, and times out',
    running(async ({ watch, verify }) => {
      const report = await watch({ timeoutMs: 16_000 });
      expect(report).toMatchObject({ outcome: 'timeout', message: expect.stringContaining('0 % of ') });
      await verify(report);
    }),
  );

  it.concurrent(
    'has no data when Prometheus stops in the middle of errors',
    running(async ({ prometheus, send, watch, verify }) => {
      send(0.05);
      setTimeout(() => void prometheus.stop(), 3_000);
      const report = await watch();
      expect(report).toMatchObject({ outcome: 'no-data', message: expect.stringMatching(/no data for [67] s: .*ECONNREFUSED/) });
      await verify(report);
    }),
  );

  it.concurrent(
    'has no data on a metric without series, and when a pod is not scraped any more',
    running(async ({ prometheus, watch, verify }) => {
      const missing = await watch({ trigger: { ...metrics, metric: 'no_such_metric' } });
      expect(missing).toMatchObject({ outcome: 'no-data', message: expect.stringContaining('no requests were counted') });
      await verify(missing);

      const [pod = ''] = fakePods;
      Object.assign(prometheus.pods[pod] ?? {}, { up: false });
      const unscraped = await watch();
      expect(unscraped).toMatchObject({ outcome: 'no-data', message: expect.stringContaining(`the last scrape of pod ${pod} failed`) });
      await verify(unscraped);
    }),
  );

  it.concurrent(
    'has no data where the status of requests has another label',
    running(
      async ({ send, watch, verify }) => {
        send(0.05);
        const report = await watch();
        expect(report).toMatchObject({ outcome: 'no-data', message: expect.stringMatching(/ of pod .* have no label `code`/) });
        await verify(report);
      },
      { codeLabel: 'status' },
    ),
  );
});

describe('a trigger on an alert of the real Alertmanager', () => {
  it.concurrent(
    'fires with the alert, does not count a silenced one, and clears with its end',
    running(async ({ alertmanager, send, watch, verify }) => {
      const calm = await watch({ trigger: alert, until: 'clears', forMs: 2_000 });
      expect(calm.outcome).toBe('cleared');
      await verify(calm);

      send(0.05);
      const fired = await watch({ trigger: alert });
      expect(fired).toMatchObject({ outcome: 'fired', message: 'alert ManyErrors is active in Alertmanager lab (severity="critical")' });
      await verify(fired);

      await silence(alertmanager.address, 'ManyErrors');
      const silenced = await watch({ trigger: alert, timeoutMs: 3_000 });
      expect(silenced).toMatchObject({ outcome: 'timeout', message: expect.stringContaining('silenced by 1 silence: it does not count') });
      await verify(silenced);
      expect(await watch({ trigger: alert, until: 'clears', timeoutMs: 3_000 })).toMatchObject({ outcome: 'timeout' });

      send(0);
      const cleared = await watch({ trigger: alert, until: 'clears', forMs: 2_000 });
      expect(cleared.outcome).toBe('cleared');
      await verify(cleared);
    }),
  );

  it.concurrent(
    'has no data on a missing rule, a rule without series, other labels, and while either does not respond',
    running(async ({ prometheus, alertmanager, watch, verify }) => {
      const expectNoData = async (change: Partial<typeof alert>, message: RegExp) => {
        const report = await watch({ trigger: { ...alert, ...change } });
        expect(report).toMatchObject({ outcome: 'no-data', message: expect.stringMatching(message) });
        await verify(report);
      };
      const short = { noDataAfterMs: 2_000 };
      await expectNoData({ ...short, alert: 'NoSuchAlert' }, /Prometheus has no alerting rule named NoSuchAlert/);
      await expectNoData({ ...short, alert: 'NoSeries', labels: {} }, /reads the metric zap_error_total, which has no series/);
      await expectNoData({ ...short, labels: { severity: 'page' } }, /has the labels severity="critical", expected severity="page"/);
      await alertmanager.close();
      await expectNoData(short, /Alertmanager lab: no usable response from .*ECONNREFUSED/);
      await prometheus.stop();
      await expectNoData(short, /Prometheus: no usable response from .*ECONNREFUSED/);
    }),
  );
});

async function silence(address: string, alertname: string): Promise<void> {
  const response = await fetch(`http://${address}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'alertname', value: alertname, isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 600_000).toISOString(),
      createdBy: 'test',
      comment: 'test',
    }),
  });
  if (!response.ok) throw new Error(`Alertmanager answered ${response.status}: ${await response.text()}`);
}
