import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { alertCondition, logCondition, metricsCondition } from '../../analysis/testing/triggers.ts';
import { replayTriggers } from '../../analysis/trigger/record.ts';
import type { TriggerTally } from '../../analysis/trigger/watch.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { fakePods } from '../testing/fake-cluster.ts';
import { fakePodLogs } from '../testing/fake-pod-logs.ts';
import { playWatch, type FakeWatch } from '../testing/fake-watch.ts';
import type { WatchTriggerInput } from './contract.ts';

const [one = '', two = '', three = ''] = fakePods;
const START_MS = Date.parse('2026-11-24T00:00:00Z');
const target = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const trigger = { ...metricsCondition, minRatePerSecond: 200 };
const input = (change: Partial<WatchTriggerInput> = {}): WatchTriggerInput => ({
  trigger,
  target,
  until: 'fires',
  since: null,
  forMs: 0,
  timeoutMs: 120_000,
  ...change,
});
/** Of 100 requests/s of each pod. */
const failing = (perSecond: number) => (watch: FakeWatch) => {
  for (const counter of Object.values(watch.counters)) counter.errors += perSecond;
};
const atS = (seconds: number): string => new Date(START_MS + 1_000 * seconds).toISOString();

async function replayed({ store }: FakeWatch, refs: readonly EvidenceRef[]) {
  const bytes = new Map(await Promise.all(refs.map(async ({ digest }) => [digest, await bytesOf(store, digest)] as const)));
  return replayTriggers([...bytes.keys()], async function* (digest) {
    yield bytes.get(digest) ?? new Uint8Array();
  });
}

describe('the watch of a trigger on metrics', () => {
  it('fires on errors of 10 %, and its stored samples give the same outcome', async () => {
    const watch = playWatch((now) => (now.atS > 30 ? failing(10)(now) : undefined));
    const report = await watch.watchTrigger(input());
    expect(report).toMatchObject({
      outcome: 'fired',
      at: atS(watch.atS),
      message: expect.stringMatching(/^[\d.]+ % of 300 requests\/s failed in the last \d+ s \([\d,]+ of [\d,]+\), limit 1 %$/),
      facts: [{ subject: 'trigger order-errors', values: { requestsPerSecond: 300 } }],
    });
    expect(watch.atS).toBeLessThanOrEqual(60);
    expect(report.evidence.every(({ kind }) => kind === 'trigger-samples')).toBe(true);
    const [again] = await replayed(watch, report.evidence);
    expect(again?.outcome).toEqual({ outcome: report.outcome, atMs: Date.parse(report.at), message: report.message });
    expect(again?.evidence).toEqual(report.evidence.map(({ digest }) => digest));
  });

  it('times out on healthy load, at its deadline', async () => {
    const watch = playWatch();
    expect(await watch.watchTrigger(input({ timeoutMs: 31_000 }))).toMatchObject({
      outcome: 'timeout',
      at: atS(31),
      message: 'trigger order-errors did not fire within 31 s: 0 % of 300 requests/s failed in the last 11 s (0 of 3,300), limit 1 %',
    });
  });

  it('clears once errors are over, since the first window within the limit', async () => {
    const watch = playWatch((now) => (now.atS < 20 ? failing(10)(now) : undefined));
    const report = await watch.watchTrigger(input({ until: 'clears', forMs: 20_000 }));
    expect(report.outcome).toBe('cleared');
    const clearedS = (Date.parse(report.at) - START_MS) / 1_000;
    expect(clearedS).toBeGreaterThanOrEqual(28);
    expect(clearedS).toBeLessThanOrEqual(34);
    expect(watch.atS).toBe(clearedS + 20);
  });

  it.each<[string, (watch: FakeWatch) => void, RegExp]>([
    ['Prometheus stops', (watch) => (watch.prometheus = false), /connect ECONNREFUSED/],
    ['the API server refuses', (watch) => (watch.cluster.status = 403), /forbidden \(403\)/],
    ['one query gets no answer', (watch) => (watch.unanswered = 'code=~"5..'), /code=~"5\.\./],
    ['a pod is not scraped any more', (watch) => delete watch.counters[two], new RegExp(`does not scrape pod ${two}`, 'u')],
    [
      'no pod is Ready',
      (watch) => (watch.cluster.states = Object.fromEntries(fakePods.map((pod) => [pod, { ready: false }]))),
      /no pod of .* is Ready/,
    ],
  ])('has no data 20 s after %s, with errors or without', async (_, fault, message) => {
    for (const errors of [0, 50]) {
      const watch = playWatch((now) => {
        failing(errors)(now);
        if (now.atS >= 6) fault(now);
      });
      const report = await watch.watchTrigger(input());
      expect(report).toMatchObject({ outcome: 'no-data', message: expect.stringMatching(message) });
      expect(report.message).toMatch(/^trigger order-errors has had no data for 20 s: /);
      expect(watch.atS).toBe(26);
    }
  });

  it('has no data on a metric that no pod exports', async () => {
    const watch = playWatch();
    for (const counter of Object.values(watch.counters)) counter.series = false;
    expect(await watch.watchTrigger(input({ trigger: { ...trigger, metric: 'no_such_metric' } }))).toMatchObject({
      outcome: 'no-data',
      message: expect.stringMatching(/no requests were counted in the last 30 s \(sum by \(pod\) \(no_such_metric_count/),
    });
  });

  it('continues on another worker with its time, its counters and its parts', async () => {
    const death = new AbortController();
    const watch = playWatch((now) => {
      if (now.atS > 50) failing(10)(now);
      if (now.atS === 72) death.abort(new Error('the worker died'));
    });
    // 3 % of 300 requests/s: not decided when the worker dies.
    const slowly = input({ trigger: { ...trigger, maxErrorPercent: 4 }, timeoutMs: 300_000 });
    await expect(watch.watchTrigger(slowly, { signal: death.signal })).rejects.toThrow('the worker died');
    const last = watch.beats.at(-1) as { carry: { tally: TriggerTally; parts: EvidenceRef[] } };
    expect(last.carry.tally).toMatchObject({ startedMs: START_MS });
    expect(last.carry.parts.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(last).length).toBeLessThan(20_000);

    const report = await watch.watchTrigger(slowly, { lastHeartbeat: last });
    expect(report.outcome).toBe('fired');
    const [again] = await replayed(watch, report.evidence);
    expect(again?.outcome).toMatchObject({ outcome: 'fired', message: report.message });
    expect(again?.tally.startedMs).toBe(START_MS);
    // Every request and error once: 300 and 30 a second.
    const { requests, errors } = again?.tally.metrics ?? { requests: 0, errors: 0 };
    expect({ requests, errors }).toEqual({ requests: 300 * watch.atS, errors: 30 * (watch.atS - 50) });
  });

  it('another worker knows the start although the first died in its first seconds', async () => {
    const death = new AbortController();
    const watch = playWatch((now) => (now.atS === 3 ? death.abort(new Error('the worker died')) : undefined));
    await expect(watch.watchTrigger(input(), { signal: death.signal })).rejects.toThrow('the worker died');
    const report = await watch.watchTrigger(input({ timeoutMs: 30_000 }), { lastHeartbeat: watch.beats.at(-1) });
    expect(report).toMatchObject({ outcome: 'timeout', at: atS(30) });
  });

  it('ends at once when it is cancelled, also while the API server hangs', async () => {
    const end = new AbortController();
    const watch = playWatch();
    watch.cluster.client.get = () => new Promise(() => undefined);
    const watching = watch.watchTrigger(input(), { signal: end.signal });
    setTimeout(() => end.abort(new Error('CANCELLED')), 50);
    const startedMs = performance.now();
    await expect(watching).rejects.toThrow('CANCELLED');
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    const beats = watch.beats.length;
    await new Promise((done) => setTimeout(done, 2_500));
    expect(watch.beats).toHaveLength(beats);
  });

  it('reports without evidence when its samples cannot be stored', async () => {
    const watch = playWatch(failing(30));
    const put: EvidenceStore['put'] = async () => {
      throw new Error('the disk is full');
    };
    watch.store = { ...watch.store, put };
    expect(await watch.watchTrigger(input())).toMatchObject({
      outcome: 'fired',
      evidence: [],
      message: expect.stringContaining('; its samples could not be stored: the disk is full'),
    });
  });

  it('refuses an environment file without its names', async () => {
    const environment = { spec: { clusters: { lab: { prometheus: 'away', podLogs: false } }, prometheus: {}, alertmanager: {} } } as never;
    const watch = playWatch(undefined, { environment });
    await expect(watch.watchTrigger(input())).rejects.toMatchObject({
      type: 'Misconfigured',
      message: expect.stringContaining('no Prometheus away'),
    });
    await expect(watch.watchTrigger(input({ trigger: logCondition }))).rejects.toMatchObject({
      type: 'Misconfigured',
      message:
        'trigger dial-timeouts reads the logs of pods, which the environment file does not allow; set spec.clusters.lab.podLogs: true, and grant get pods/log in namespace shop',
    });
    const named = {
      spec: { clusters: { lab: { prometheus: 'lab' } }, prometheus: { lab: { url: 'http://none' } }, alertmanager: {} },
    } as never;
    await expect(playWatch(undefined, { environment: named }).watchTrigger(input({ trigger: alertCondition }))).rejects.toMatchObject({
      message: 'the environment file has no Alertmanager lab; it has none',
    });
  });
});

describe('the watch of a trigger on logs', () => {
  const logs = (every: (watch: FakeWatch, of: ReturnType<typeof fakePodLogs>, nowMs: number) => void) => {
    const played = fakePodLogs();
    const watch = playWatch((now) => every(now, played, START_MS + 1_000 * now.atS - 500));
    for (const pod of fakePods) played.write(pod, START_MS - 60_000, 'listening on :8080');
    watch.cluster.client.text = played.text;
    return Object.assign(watch, { played });
  };
  const timeout = 'dial tcp 10.1.2.3:5432: i/o timeout';
  const onLogs = (change: Partial<WatchTriggerInput> = {}) => input({ trigger: logCondition, ...change });

  it('fires on the eleventh line within a minute, of all pods together, each counted once', async () => {
    const watch = logs((now, { write }, nowMs) => {
      write(one, nowMs, 'order created');
      if (now.atS > 20 && now.atS % 2 === 0) write(fakePods[(now.atS / 2) % 3] ?? '', nowMs, timeout);
    });
    const report = await watch.watchTrigger(onLogs());
    expect(report).toMatchObject({
      outcome: 'fired',
      // The eleventh was written at 42 s.
      at: atS(45),
      message: '12 log lines of 3 pods matched "dial tcp*: i/o timeout" within 45 s, limit 10 a minute',
    });
    const [again] = await replayed(watch, report.evidence);
    expect(again?.outcome).toMatchObject({ outcome: 'fired', message: report.message });
    const sizes = new Set(watch.played.asked.map(({ query }) => query['limitBytes']));
    expect([...sizes]).toEqual([String(1024 ** 2), String(16 * 1024)]);
  });

  it('stores counts, and no line of a log', async () => {
    const watch = logs((_, { write }, nowMs) => write(one, nowMs, `${timeout} password=hunter2`));
    const { evidence } = await watch.watchTrigger(onLogs());
    for (const { digest } of evidence) expect(Buffer.from(await bytesOf(watch.store, digest)).toString()).not.toContain('hunter2');
  });

  it('counts the lines of a container before and after its restart, and of a new pod', async () => {
    const watch = logs((now, { write, restart }, nowMs) => {
      if ([7, 8, 12, 13].includes(now.atS)) write(one, nowMs, timeout);
      if (now.atS === 11) {
        write(one, nowMs, timeout);
        restart(one);
        now.cluster.states[one] = { restarts: 1 };
      }
      if (now.atS === 21) now.cluster.names = [...fakePods, 'go-api-7d4b9c-x4'];
      if ([22, 23, 24, 25, 26, 27].includes(now.atS)) write('go-api-7d4b9c-x4', nowMs, timeout);
    });
    expect(await watch.watchTrigger(onLogs())).toMatchObject({
      outcome: 'fired',
      at: atS(30),
      message: expect.stringMatching(/^11 log lines of 4 pods/),
    });
  });

  it('does not call a log clear whose lines may be lost: rotated, deleted pods', async () => {
    const watch = logs((now, { write, logs: of }, nowMs) => {
      write(one, nowMs, 'order created');
      const log = of[one];
      // The kubelet rotates: only the new file can be read.
      if (now.atS === 22 && log) log.lines = log.lines.slice(-1);
      if (now.atS === 31) now.cluster.names = [one, two];
    });
    const report = await watch.watchTrigger(onLogs({ until: 'clears', forMs: 15_000 }));
    expect(report).toMatchObject({ outcome: 'cleared', at: atS(0) });
    const longer = logs((now, played, nowMs) => {
      played.write(one, nowMs, 'order created');
      const log = played.logs[one];
      if (now.atS === 22 && log) log.lines = log.lines.slice(-1);
      if (now.atS === 31) now.cluster.names = [one, two];
    });
    // Not false at 25 s (rotated) and at 35 s (deleted).
    expect(await longer.watchTrigger(onLogs({ until: 'clears', forMs: 30_000 }))).toMatchObject({ outcome: 'cleared', at: atS(40) });
    expect(longer.atS).toBe(70);
  });

  it.each<[string, (watch: ReturnType<typeof logs>) => void, RegExp]>([
    [
      'the log of a pod is forbidden',
      ({ played }) => ((played.logs[three] ?? { status: 0 }).status = 403),
      /x3: .*could not get pods\/log shop\/go-api-7d4b9c-x3: forbidden \(403\)/,
    ],
    ['no pod has ever logged a line', ({ played }) => fakePods.forEach((pod) => delete played.logs[pod]), /3 pods never logged a line/],
    ['the API server does not list the pods', (watch) => (watch.cluster.status = 500), /could not get deployments\.apps shop\/go-api/],
    [
      'more is logged than is read',
      ({ played }) => {
        for (let line = 0; line < 3_000; line += 1) played.write(one, START_MS, 'x'.repeat(1_000));
      },
      /read with a delay: more than 1 MiB/,
    ],
  ])('has no data when %s', async (_, fault, message) => {
    const watch = logs(() => undefined);
    fault(watch);
    const quick = { ...logCondition, noDataAfterMs: 20_000 };
    expect(await watch.watchTrigger(onLogs({ trigger: quick, since: atS(-1) }))).toMatchObject({
      outcome: 'no-data',
      message: expect.stringMatching(message),
    });
  });

  it('continues on another worker without counting a line twice', async () => {
    const death = new AbortController();
    const watch = logs((now, { write }, nowMs) => {
      if (now.atS % 10 === 1) write(two, nowMs, timeout);
      if (now.atS === 42) death.abort(new Error('the worker died'));
      if (now.atS > 100) for (let each = 0; each < 5; each += 1) write(two, nowMs, timeout);
    });
    const long = onLogs({ timeoutMs: 600_000 });
    await expect(watch.watchTrigger(long, { signal: death.signal })).rejects.toThrow('the worker died');
    const report = await watch.watchTrigger(long, { lastHeartbeat: watch.beats.at(-1) });
    expect(report.outcome).toBe('fired');
    expect(watch.atS).toBeGreaterThan(100);
    const [again] = await replayed(watch, report.evidence);
    expect(again?.outcome).toMatchObject({ outcome: 'fired', message: report.message });
  });

  it('reads only the lines after the time that is asked for', async () => {
    const watch = logs(() => undefined);
    for (let each = 0; each < 20; each += 1) watch.played.write(one, START_MS - 10_000 + 10 * each, timeout);
    expect(await watch.watchTrigger(onLogs({ timeoutMs: 5_000, since: atS(-9) }))).toMatchObject({ outcome: 'timeout' });
    expect(await watch.watchTrigger(onLogs({ since: atS(-10) }))).toMatchObject({
      outcome: 'fired',
      message: expect.stringMatching(/^19 log lines/),
    });
  });
});

describe('the watch of a trigger on an alert', () => {
  /** Alertmanager and the rules API of Prometheus at one address. */
  async function served(answers: { alerts: string; rules: string }, body: (watch: FakeWatch, asked: string[]) => Promise<void>) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(decodeURIComponent(request.url ?? ''));
      response.end(request.url?.startsWith('/api/v2/alerts') ? answers.alerts : answers.rules);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const watch = playWatch();
      watch.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await body(watch, asked);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
  const onAlert = input({ trigger: { ...alertCondition, noDataAfterMs: 10_000 }, timeoutMs: 20_000 });
  const rule = {
    type: 'alerting',
    name: 'HighErrorRate5m',
    query: 'up == 0',
    labels: {},
    health: 'ok',
    lastEvaluation: atS(60),
    alerts: [],
  };
  const rules = (each: object) => JSON.stringify({ status: 'success', data: { groups: [{ rules: [each] }] } });
  const alert = {
    labels: { alertname: 'HighErrorRate5m', severity: 'critical' },
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  };

  it('asks for the alert by its name, and fires', () =>
    served({ alerts: JSON.stringify([alert]), rules: rules(rule) }, async (watch, asked) => {
      expect(await watch.watchTrigger(onAlert)).toMatchObject({ outcome: 'fired', at: atS(0) });
      expect(asked).toEqual(
        expect.arrayContaining([
          '/api/v2/alerts?filter=alertname="HighErrorRate5m"',
          '/api/v1/rules?type=alert&rule_name[]=HighErrorRate5m',
        ]),
      );
    }));

  it.each([
    [
      'a page of a proxy',
      '<html>',
      rules(rule),
      /Alertmanager lab: no usable response from 127\.0\.0\.1:\d+: the response is not that of the Alertmanager API/,
    ],
    ['alerts without a state', '[{"labels":{}}]', rules(rule), /not that of the Alertmanager API/],
    ['an error of the rules API', '[]', '{"status":"error"}', /Prometheus: .*not that of the rules API/],
    ['rules without the alert', '[]', rules({ ...rule, name: 'Another' }), /Prometheus has no alerting rule named HighErrorRate5m/],
    ['a rule that was never evaluated', '[]', rules({ ...rule, lastEvaluation: '0001-01-01T00:00:00Z' }), /never/],
    ['more than half a MiB', `[${' '.repeat(600_000)}]`, rules(rule), /the response exceeds 524288 bytes/],
  ])('has no data on %s', (_, alerts, rulesPage, message) =>
    served({ alerts, rules: rulesPage }, async (watch) => {
      expect(await watch.watchTrigger(onAlert)).toMatchObject({ outcome: 'no-data', message: expect.stringMatching(message) });
    }),
  );
});
