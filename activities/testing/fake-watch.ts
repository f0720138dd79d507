// For tests: a guard or a trigger over a fake cluster, Prometheus and health page, on a clock that only its own waits move.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EvidenceStore } from '../evidence/contract.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { ActivityProgress } from '../running-activity.ts';
import type { Answer, PrometheusClient } from '../prometheus/client.ts';
import type { RunningActivity } from '../running-activity.ts';
import type { GuardCarry, GuardInput } from '../steps-contract.ts';
import { fakeCluster, fakePods, FAKE_IMAGE } from './fake-cluster.ts';
import { createGuardActivities, type GuardDependencies } from '../guard/run-guard.ts';
import type { TriggerReport, WatchTriggerInput } from '../triggers/contract.ts';
import { createTriggerActivities } from '../triggers/watch-trigger.ts';

export const input = (change: Partial<GuardInput> = {}): GuardInput => ({
  step: {
    type: 'guard',
    name: 'guard',
    bakeMs: 120_000,
    maxBakeMs: 360_000,
    intervalMs: 5_000,
    noDataAfterMs: 20_000,
    liveDeadlineMs: 60_000,
    minRequests: 300,
    falseAlarmPercent: 1,
    metric: 'http_request_duration_seconds',
    limits: { p99Ms: 300, errorPercent: 0.1 },
  },
  production: { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' },
  image: FAKE_IMAGE,
  healthTarget: 'shop',
  healthPath: '/healthz',
  launchedAt: null,
  carry: null,
  blindReported: false,
  ...change,
});

type Beat = ActivityProgress & { carry?: unknown };

interface Counters {
  requests: number;
  errors: number;
  inFlight: number;
  /** False: scraped, but no series of the metric yet. */
  series?: boolean;
}

export interface FakeWatch {
  /** Seconds since the watch began, by the fake clock. */
  atS: number;
  cluster: ReturnType<typeof fakeCluster>;
  /** Counters of each pod; a pod without an entry is not scraped. */
  counters: Record<string, Counters>;
  healthy: boolean;
  /** False: Prometheus answers nothing. */
  prometheus: boolean;
  /** Part of a query that alone gets no answer; null: all are answered. */
  unanswered: string | null;
  beats: Beat[];
  store: EvidenceStore;
  /** Queries that were sent. */
  asked: string[];
  /** Address of Alertmanager and of the rules API of Prometheus. */
  url: string;
  runGuard(input: GuardInput, worker?: Partial<RunningActivity>): ReturnType<ReturnType<typeof createGuardActivities>['runGuard']>;
  watchTrigger(input: WatchTriggerInput, worker?: Partial<RunningActivity>): Promise<TriggerReport>;
}

const START_MS = Date.parse('2026-11-24T00:00:00Z');

/** `every` says what happens in each second before it is over; the default is 100 requests/s of each pod. */
export function playWatch(every: (watch: FakeWatch) => void = () => undefined, dependencies: Partial<GuardDependencies> = {}): FakeWatch {
  let clockMs = START_MS;
  const watch: FakeWatch = {
    atS: 0,
    cluster: fakeCluster(),
    counters: Object.fromEntries(fakePods.map((pod) => [pod, { requests: 1_000, errors: 0, inFlight: 1 }])),
    healthy: true,
    prometheus: true,
    unanswered: null,
    beats: [],
    store: createFolderEvidenceStore(mkdtempSync(join(tmpdir(), 'tminus-guard-'))),
    asked: [],
    url: 'http://none',
    runGuard: (asked, worker) => createGuardActivities(dependenciesOf(worker)).runGuard(asked),
    watchTrigger: (asked, worker) => createTriggerActivities(dependenciesOf(worker)).watchTrigger(asked),
  };
  const dependenciesOf = (worker: Partial<RunningActivity> = {}): GuardDependencies => ({
    store: watch.store,
    environment: {
      spec: {
        clusters: { lab: { prometheus: 'lab', podLogs: true } },
        prometheus: { lab: { url: watch.url } },
        alertmanager: { lab: { url: watch.url } },
        targets: { shop: { url: 'http://none' } },
      },
    } as never,
    clients: () => watch.cluster.client,
    now: () => clockMs,
    wait,
    prometheus: () => fakePrometheus(watch, () => clockMs),
    health: async () => ({ ok: watch.healthy, detail: watch.healthy ? '200 {"status":"ok"}' : 'no answer within 2 s', at: '' }),
    activity: () => ({
      heartbeat: (beat) => void watch.beats.push(structuredClone(beat)),
      signal: new AbortController().signal,
      ...worker,
    }),
    ...dependencies,
  });
  async function wait(ms: number, signal: AbortSignal): Promise<void> {
    for (const endMs = clockMs + ms; clockMs < endMs; clockMs += 1_000) {
      watch.atS += 1;
      for (const counter of Object.values(watch.counters)) counter.requests += 100;
      every(watch);
      signal.throwIfAborted();
    }
  }
  return watch;
}

export const carryIn = (beats: readonly Beat[]): GuardCarry | undefined => beats.at(-1)?.carry as GuardCarry | undefined;

function fakePrometheus(watch: FakeWatch, now: () => number): PrometheusClient {
  const answer = <T>(query: string, value: T): Answer<T> => {
    watch.asked.push(query);
    const isAnswered = watch.prometheus && (watch.unanswered === null || !query.includes(watch.unanswered));
    return isAnswered
      ? { ok: true, query, value }
      : { ok: false, query, message: `Prometheus returned no usable result for ${query}: connect ECONNREFUSED` };
  };
  const values = (query: string) =>
    Object.entries(watch.counters).flatMap(([pod, counters]) => {
      const value = valueOf(query, counters);
      return value === null ? [] : [{ labels: { pod }, value }];
    });
  return {
    vector: async (query) => answer(query, values(query)),
    one: async (query) => answer(query, query.includes('increase(http_request_duration_seconds_count') ? 90_000 : 0.2),
    range: async (query) => answer(query, []),
    clock: async () => answer('time()', { theirsS: now() / 1_000, beforeMs: now(), afterMs: now() }),
  };
}

function valueOf(query: string, { requests, errors, inFlight, series = true }: Counters): number | null {
  if (query.startsWith('up')) return 1;
  if (query.startsWith('time() - timestamp')) return 1;
  if (query.includes('in_flight')) return inFlight;
  if (!series) return null;
  if (query.includes('code=~"5..')) return errors > 0 ? errors : null;
  return requests;
}
