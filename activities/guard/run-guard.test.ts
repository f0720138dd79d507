import { judgeGuard } from '../../analysis/testing/samples.ts';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/common';
import type { GuardLimits, GuardSample } from '../../analysis/guard/sample.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { EvidenceNotKept } from '../evidence/errors.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { Pod } from '../kubernetes/objects.ts';
import { createPrometheusClient } from '../prometheus/client.ts';
import { fakePods } from '../testing/fake-cluster.ts';
import { carryIn, input, playWatch, type FakeWatch } from '../testing/fake-watch.ts';

const [one, two] = fakePods as [string, string];
const hang = (watch: FakeWatch) => {
  for (const counter of Object.values(watch.counters))
    Object.assign(counter, { requests: counter.requests - 100, inFlight: counter.inFlight + 100 });
};
const fail = (pod: string, perSecond: number) => (watch: FakeWatch) => {
  (watch.counters[pod] as { errors: number }).errors += perSecond;
};
const fullDisk = (): EvidenceStore['put'] => async () => {
  throw new EvidenceNotKept('The evidence store cannot keep the bytes: the disk is full; free some space, then retry.');
};

async function partsOf(store: EvidenceStore, refs: readonly EvidenceRef[]) {
  const parts = await Promise.all(refs.map(async ({ digest }) => Buffer.from(await bytesOf(store, digest)).toString('utf8')));
  return parts.map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ) as [{ limits: GuardLimits; part: number }, ...GuardSample[]][];
}

describe('the guard', () => {
  it('passes a healthy version after its bake, and every finding can be recomputed from the stored parts', async () => {
    const watch = playWatch();
    const { outcome, findings, evidence, carry, blindMs } = await watch.runGuard(input());
    expect({ outcome, blindMs, atS: watch.atS }).toEqual({ outcome: 'passed', blindMs: 0, atS: 120 });
    const parts = await partsOf(watch.store, evidence);
    expect(parts.map(([{ part }]) => part)).toEqual([1, 2, 3, 4]);
    expect(carry.parts).toEqual(evidence);
    const samples = parts.flatMap(([, ...each]) => each as GuardSample[]);
    expect(samples).toHaveLength(25);
    const again = judgeGuard(
      samples,
      parts[0]?.[0].limits as GuardLimits,
      evidence.map(({ digest }) => digest),
    );
    expect(JSON.stringify(again)).toBe(JSON.stringify(findings));
    expect(findings).toMatchObject([{ code: 'GuardPassed', outcome: 'pass' }]);
  });

  it('the guard fails a version that stopped answering, after two good minutes', async () => {
    const watch = playWatch((now) => (now.atS > 120 ? hang(now) : undefined));
    const report = await watch.runGuard(input({ step: { ...input().step, bakeMs: 300_000, maxBakeMs: 900_000 } }));
    expect(report).toMatchObject({
      outcome: 'breach',
      findings: [{ code: 'ServiceNotServing', outcome: 'fail' }],
      failedAt: expect.stringMatching(/^2026-11-24T00:02:/),
    });
    expect(watch.atS).toBeLessThanOrEqual(150);
  });

  it('the guard fails a version whose pods are not ready', async () => {
    const watch = playWatch((now) => {
      if (now.atS > 40) now.cluster.states[two] = { ready: false, waiting: 'CrashLoopBackOff' };
    });
    expect((await watch.runGuard(input())).findings).toMatchObject([
      { code: 'PodsNotReady', message: expect.stringMatching(new RegExp(`${two} \\(.*CrashLoopBackOff`, 'u')) },
    ]);
  });

  it('a pod without a first request has served 0 requests', async () => {
    const watch = playWatch();
    (watch.counters[one] as { series: boolean }).series = false;
    expect((await watch.runGuard(input())).findings).toMatchObject([{ code: 'GuardPassed' }]);
  });

  it('a pending pod hides no errors', async () => {
    const watch = playWatch((now) => {
      now.cluster.names = [...fakePods, 'go-api-7d4b9c-x4'];
      now.cluster.states['go-api-7d4b9c-x4'] = { pending: true, ready: false };
      if (now.atS > 30) fail(one, 10)(now);
    });
    expect(await watch.runGuard(input())).toMatchObject({ outcome: 'breach', findings: [{ code: 'ErrorRateAboveLimit' }] });
    expect(watch.atS).toBeLessThanOrEqual(45);
  });

  it('works for pods whose registry a webhook rewrote', async () => {
    const watch = playWatch();
    const list = watch.cluster.client.list;
    watch.cluster.client.list = (async (resource: Parameters<typeof list>[0]) =>
      JSON.parse(JSON.stringify(await list(resource)).replaceAll('registry.local/', 'mirror.corp.internal/hub/')) as never) as typeof list;
    expect(await watch.runGuard(input())).toMatchObject({ outcome: 'passed' });
  });

  it('is blind while the count of errors alone is not answered: it is not taken for zero', async () => {
    const watch = playWatch((now) => {
      fail(one, 20)(now);
      now.unanswered = 'code=~"5..';
    });
    expect(await watch.runGuard(input())).toMatchObject({
      outcome: 'blind',
      findings: [{ code: 'GuardNoData', message: expect.stringContaining('code=~"5..') }],
    });
  });

  it('keeps the p99 of Prometheus with each sample, and none where it is not answered', async () => {
    const p99Of = async (watch: FakeWatch) => (await partsOf(watch.store, (await watch.runGuard(input())).evidence))[0]?.[1]?.p99S;
    expect(await p99Of(playWatch())).toBe(0.2);
    const without = playWatch();
    without.unanswered = 'histogram_quantile';
    expect(await p99Of(without)).toBeNull();
  });

  it('is blind, and goes on, while the API server refuses', async () => {
    const watch = playWatch((now) => {
      now.cluster.status = now.atS > 30 && now.atS < 70 ? 403 : 200;
    });
    const blind = await watch.runGuard(input());
    expect(blind).toMatchObject({ outcome: 'blind', findings: [{ code: 'GuardNoData', message: expect.stringContaining('(403)') }] });
    expect(await watch.runGuard(input({ carry: blind.carry, blindReported: true }))).toMatchObject({ outcome: 'recovered' });
  });

  it('lets pods of the old template terminate', async () => {
    const watch = playWatch();
    const list = watch.cluster.client.list;
    watch.cluster.client.list = (async (resource: Parameters<typeof list>[0]) => {
      const found = (await list<Pod>(resource)) as Pod[];
      const [first] = found;
      if (resource.resource !== 'pods' || !first) return found;
      const old = {
        ...first.metadata,
        name: 'go-api-0ld-x1',
        labels: { app: 'go-api', 'pod-template-hash': '0ld' },
        deletionTimestamp: '2026-11-24T00:00:00Z',
      };
      return [...found, { ...first, metadata: old }];
    }) as typeof list;
    expect(await watch.runGuard(input())).toMatchObject({ outcome: 'passed' });
  });

  it('does not count the pods of one template for those of another that took its place', async () => {
    const watch = playWatch();
    const list = watch.cluster.client.list;
    watch.cluster.client.list = (async (resource: Parameters<typeof list>[0]) =>
      JSON.parse(
        JSON.stringify(await list(resource)).replaceAll('7d4b9c', watch.atS === 30 ? '8e5c0d' : '7d4b9c'),
      ) as never) as typeof list;
    const { evidence } = await watch.runGuard(input());
    const samples = (await partsOf(watch.store, evidence)).flatMap(([, ...each]) => each as GuardSample[]);
    expect(samples[6]).toMatchObject({
      answers: null,
      trouble: { message: expect.stringContaining('go-api-8e5c0d replaced go-api-7d4b9c') },
    });
    // The next sample asks for the pods that are there then.
    expect(watch.asked.filter((query) => query.includes('go-api-8e5c0d')).length).toBeGreaterThan(0);
  });

  it('asks people when sight has come and gone for hours', async () => {
    const watch = playWatch();
    const { carry } = await watch.runGuard(input());
    const parts = Array.from({ length: 600 }, () => carry.parts[0] as EvidenceRef);
    expect(await watch.runGuard(input({ carry: { ...carry, parts }, blindReported: true }))).toMatchObject({ outcome: 'undecided' });
  });

  it('measures against what the old version answered, and keeps the raw numbers with the samples', async () => {
    const watch = playWatch((now) => {
      for (const counter of Object.values(now.counters)) counter.requests -= 99;
    });
    const report = await watch.runGuard(input({ launchedAt: '2026-11-23T23:59:50Z' }));
    expect(report).toMatchObject({
      outcome: 'blind',
      findings: [{ code: 'GuardNoTraffic' }],
      carry: { oldTraffic: { requests: 90_000, windowS: 300 } },
    });
    const [part] = await partsOf(watch.store, report.evidence);
    expect(part?.[0].limits.oldTraffic).toMatchObject({
      requests: 90_000,
      query: expect.stringContaining('pod=~"go-api-[a-z0-9]+-[a-z0-9]+"'),
    });
  });

  it('blind for liveDeadline is a breach, of which people were notified once before', async () => {
    const watch = playWatch((now) => {
      if (now.atS > 30) now.prometheus = false;
    });
    const blind = await watch.runGuard(input());
    expect(blind).toMatchObject({ outcome: 'blind', findings: [{ code: 'GuardNoData' }], blindMs: 20_000 });
    expect(watch.atS).toBe(50);
    expect(await watch.runGuard(input({ carry: blind.carry, blindReported: true }))).toMatchObject({
      outcome: 'breach',
      findings: [{ code: 'GuardBlindTooLong', measured: 60 }],
    });
    expect(watch.atS).toBe(90);
  });

  it('goes on by itself when data come back, and reports that once', async () => {
    const watch = playWatch((now) => {
      now.prometheus = now.atS < 30 || now.atS > 70;
    });
    const blind = await watch.runGuard(input());
    const sees = await watch.runGuard(input({ carry: blind.carry, blindReported: true }));
    expect(sees).toMatchObject({ outcome: 'recovered', blindMs: 0 });
    expect(await watch.runGuard(input({ carry: sees.carry }))).toMatchObject({ outcome: 'passed', findings: [{ code: 'GuardPassed' }] });
  });
});

describe('workers', () => {
  it('a watch that changes workers keeps the errors it has seen, and its bake', async () => {
    const death = new AbortController();
    const watch = playWatch((now) => {
      // 3 errors in the first seconds are no breach; the worker dies at 72 s, when 65 s are stored.
      if (now.atS <= 3) fail(one, 1)(now);
      if (now.atS === 72) death.abort(new Error('the worker died'));
    });
    const slowLimits = input({ step: { ...input().step, limits: { p99Ms: 300, errorPercent: 1 } } });
    const died = watch.runGuard(slowLimits, { signal: death.signal });
    const carry = await died.catch(({ message, details }: ApplicationFailure) => {
      // A worker that ends in good order sends no heartbeat after it: what was watched is in the failure.
      expect([message, details]).toEqual(['the worker died', [{ carry: carryIn(watch.beats) }]]);
      return carryIn(watch.beats);
    });
    expect(carry).toMatchObject({ tally: { errors: 3, watchedMs: 65_000 } });

    const report = await watch.runGuard(slowLimits, { lastHeartbeat: watch.beats.at(-1) });
    expect(report).toMatchObject({ outcome: 'passed', carry: { tally: { errors: 3, requests: 122 * 300 } } });
    // 65 s before, and 55 s from then on: a gap of 7 s is shorter than noDataAfter.
    expect(watch.atS).toBeLessThanOrEqual(125);
    const parts = await partsOf(watch.store, report.evidence);
    expect(parts.map(([{ part }]) => part)).toEqual(parts.map((_part, index) => index + 1));
    const samples = parts.flatMap(([, ...each]) => each as GuardSample[]);
    expect(
      judgeGuard(
        samples,
        parts[0]?.[0].limits as GuardLimits,
        report.evidence.map(({ digest }) => digest),
      ),
    ).toEqual(report.findings);
  });

  it('heartbeats go on while the API server and Prometheus answer slowly', async () => {
    const lateMs = 2_700;
    const server = createServer((_request, response) => {
      setTimeout(() => response.end('{"status":"success","data":{"resultType":"vector","result":[]}}'), lateMs).unref();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const atMs: number[] = [];
    const end = new AbortController();
    const watch = playWatch(undefined, {
      prometheus: (options) => createPrometheusClient({ ...options, url, now: Date.now }),
      clients: () => slow(watch.cluster.client, lateMs),
    });
    try {
      const watching = watch.runGuard(input(), { heartbeat: () => void atMs.push(performance.now()), signal: end.signal });
      setTimeout(() => end.abort(new Error('seen enough')), 14_000);
      await expect(watching).rejects.toThrow();
    } finally {
      server.closeAllConnections();
      server.close();
    }
    const gapsMs = atMs.slice(1).map((at, index) => at - (atMs[index] as number));
    expect(atMs.length).toBeGreaterThanOrEqual(6);
    expect(Math.max(...gapsMs)).toBeLessThan(3_500);
    const beats = atMs.length;
    await new Promise((done) => setTimeout(done, 2_500));
    expect(atMs).toHaveLength(beats);
  }, 30_000);
});

function slow(client: ClusterClient, ms: number): ClusterClient {
  const late =
    <A extends unknown[], R>(ask: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await new Promise((done) => setTimeout(done, ms).unref());
      return ask(...args);
    };
  return { ...client, get: late(client.get) as ClusterClient['get'], list: late(client.list) as ClusterClient['list'] };
}

describe('evidence that cannot be stored', () => {
  it('a breach is reported although its evidence cannot be stored', async () => {
    const watch = playWatch(fail(one, 30));
    watch.store = { ...watch.store, put: fullDisk() };
    const report = await watch.runGuard(input());
    expect(report).toMatchObject({
      outcome: 'breach',
      evidence: [],
      findings: [
        { code: 'ErrorRateAboveLimit', outcome: 'fail' },
        { code: 'EvidenceNotKept', outcome: 'inconclusive', message: expect.stringContaining('the disk is full') },
      ],
    });
    expect(watch.atS).toBeLessThanOrEqual(15);
  });

  it('a breach on samples of which the last are not stored names no evidence, so that verify does not call it changed', async () => {
    const watch = playWatch((now) => {
      if (now.atS > 45) fail(one, 30)(now);
    });
    const { put } = watch.store;
    watch.store = { ...watch.store, put: (...piece) => (watch.atS < 45 ? put(...piece) : fullDisk()(...piece)) };
    const report = await watch.runGuard(input());
    expect(report.outcome).toBe('breach');
    expect(report.evidence).toHaveLength(1);
    expect(report.findings.map(({ evidence }) => evidence)).toEqual([[], []]);
  });

  it('a put that hangs delays a breach by no more than 2 s', async () => {
    const watch = playWatch(fail(one, 30));
    watch.store = { ...watch.store, put: () => new Promise(() => undefined) };
    const startedMs = performance.now();
    expect(await watch.runGuard(input())).toMatchObject({
      outcome: 'breach',
      findings: [{ code: 'ErrorRateAboveLimit' }, { code: 'EvidenceNotKept' }],
    });
    expect(performance.now() - startedMs).toBeLessThan(4_000);
  });

  it('keeps the samples of a full disk, and passes once they are stored', async () => {
    const watch = playWatch();
    const { put } = watch.store;
    watch.store = { ...watch.store, put: (...piece) => (watch.atS < 150 ? fullDisk()(...piece) : put(...piece)) };
    const report = await watch.runGuard(input());
    expect(watch.atS).toBe(150);
    expect(report).toMatchObject({ outcome: 'passed', findings: [{ code: 'GuardPassed' }] });
    const samples = (await partsOf(watch.store, report.evidence)).flatMap(([, ...each]) => each);
    expect(samples.length).toBe(31);
  });

  it('a pass without its evidence is undecided when the longest watch is over', async () => {
    const watch = playWatch();
    watch.store = { ...watch.store, put: fullDisk() };
    expect(await watch.runGuard(input())).toMatchObject({
      outcome: 'undecided',
      findings: [{ code: 'GuardPassed' }, { code: 'EvidenceNotKept', outcome: 'inconclusive' }],
    });
    expect(watch.atS).toBe(360);
  });
});
