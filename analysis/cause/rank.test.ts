import { describe, expect, it } from '@jest/globals';
import type { RequestWait } from '../goroutine/requests.ts';
import type { Category } from '../trace/spans.ts';
import type { Observation } from './observation.ts';
import { rankCauses } from './rank.ts';

const nothing: Observation = {
  requests: null,
  leaks: null,
  suspects: null,
  cpu: null,
  contention: [],
  schedulerP99Ms: null,
  pool: null,
  database: null,
  statements: [],
  onlyLogged: false,
  plans: new Map(),
  indexes: [],
  slowBand: null,
  unread: { statements: null, database: null },
};

/** 100 requests in flight, so many of which wait on what is named; the others sleep somewhere. */
const waiting = (counts: Partial<Record<RequestWait['on'], number>>): Observation['requests'] => ({
  inFlight: 100,
  waits: Object.entries(counts).map(([on, requests]) => ({ on: on as RequestWait['on'], requests, site: `shop.${on} shop.go:1` })),
});

const statement = 'SELECT * FROM orders WHERE customer = $1';
const costly = {
  statement,
  calls: 100,
  totalMs: 10_000,
  meanMs: 100,
  rows: 1,
  blocksHit: 1,
  blocksRead: 0,
  tempBlocksWritten: 0,
  share: 0.9,
};
const locked = {
  busy: 100,
  lockShare: 0.6,
  blockedStatement: 'UPDATE stock SET n = $1',
  idleInTransactionShare: 0,
  samples: 10,
  unread: 0,
};
const pool = {
  acquires: 1_000,
  emptyShare: 0.9,
  emptyWaitMs: 400,
  cancelled: 0,
  strained: true,
  lastingUse: 1,
  waits: true,
  saturated: true,
};
const cpu = {
  cpuSeconds: 8,
  seconds: 10,
  samples: 800,
  gcShare: 0.02,
  allocationShare: 0.1,
  mechanisms: [],
  packages: [],
  ownFunctions: [
    { name: 'main.serve', share: 0.9 },
    { name: 'shop.reprice', share: 0.7 },
    { name: 'shop.small', share: 0.1 },
  ],
  library: { package: 'encoding/json', share: 0.6 },
};
const codes = (seen: Partial<Observation>) => rankCauses({ ...nothing, ...seen }).map(({ code }) => code);

describe('the cause', () => {
  it.each([
    ['redis', 'CauseRedisWait'],
    ['grpc', 'CauseSlowDependency'],
    ['dial', 'CauseDialTimeout'],
    ['mutex', 'CauseLockContention'],
    ['database', 'CauseSlowDatabase'],
    ['pool', 'CausePoolExhausted'],
  ] as const)('is %s where most requests wait for it: %s', (on, code) => {
    expect(codes({ requests: waiting({ [on]: 80 }) })).toEqual([code]);
  });

  it('is nothing where no wait accounts for a third, and where too few requests were seen', () => {
    expect(codes({ requests: waiting({ redis: 30, grpc: 30, other: 40 }) })).toEqual([]);
    expect(codes({ requests: { inFlight: 5, waits: [{ on: 'redis', requests: 5, site: 'x' }] } })).toEqual([]);
    expect(codes({})).toEqual([]);
  });

  describe('where too few requests were in flight', () => {
    const traces = (waits: Partial<Record<Category, number>>): Partial<Observation> => ({
      slowBand: {
        traces: 400,
        slow: 16,
        fromMs: 390,
        toMs: 420,
        operations: Object.entries(waits).map(([category, share]) => ({
          operation: `[api] ${category}`,
          category: category as Category,
          waitsOn: category as Category,
          share,
          meanMs: 400 * share,
          selfMs: 400 * share,
        })),
        failures: [],
        orphans: 0,
        cut: 0,
      },
    });

    it.each([
      [{ redis: 0.9 }, 'CauseRedisWait', 'slow traces spend 90 % of their time in [api] redis'],
      [{ database: 0.9 }, 'CauseSlowDatabase', 'slow traces spend 90 % of their time in [api] database'],
      [{ pool: 0.7, database: 0.2 }, 'CausePoolExhausted', 'slow traces spend 70 % of their time in [api] pool'],
    ])('is read from traces of %j', (waits, code, clause) => {
      const causes = rankCauses({ ...nothing, ...traces(waits), statements: null });
      expect(causes.map((each) => each.code)).toEqual([code]);
      expect(causes[0]?.reasons[0]).toBe(clause);
      expect(causes[0]?.sources).toContain('traces');
    });

    it('is none of what happens outside the calls of the service', () => {
      const outside = traces({ grpc: 0.9 });
      for (const operation of outside.slowBand?.operations ?? []) operation.waitsOn = null;
      expect(codes(outside)).toEqual([]);
    });
  });
});

describe('an upstream cause', () => {
  const requests = waiting({ pool: 70, database: 20 });

  it('is the index that is missing, before the statement, before the pool that runs empty', () => {
    const index = { statement, sql: 'CREATE INDEX', beforeMs: 90, afterMs: 1 };
    expect(codes({ requests, pool, statements: [costly], indexes: [index] })).toEqual(['CauseMissingIndex']);
    expect(codes({ requests, pool, statements: [costly], indexes: [{ ...index, afterMs: 40 }] })).toEqual(['CauseSlowStatement']);
    expect(codes({ requests, pool, statements: [costly] })).toEqual(['CauseSlowStatement']);
    const [logged] = rankCauses({ ...nothing, requests, pool, statements: [{ ...costly, logged: true }] });
    expect(logged?.reasons[0]).toMatch(/ per logged call and [\d.]+ % of the logged time$/);
    expect(codes({ requests, pool })).toEqual(['CausePoolExhausted']);
  });

  it('is the pool, and statements are called quick only where they were read and none is slow', () => {
    const reasons = (seen: Partial<Observation>) => rankCauses({ ...nothing, requests, pool, ...seen })[0]?.reasons.join('; ');
    expect(reasons({ statements: [] })).toContain('statements are fast');
    expect(reasons({ statements: [{ ...costly, share: 0.3 }] })).not.toContain('statements are fast');
    expect(reasons({ statements: [], onlyLogged: true })).not.toContain('statements are fast');
    const unread = { statements: 'permission denied for pg_stat_statements', database: null };
    expect(reasons({ statements: null, unread })).toMatch(
      /unknown whether a slow statement occupies the connections: permission denied for pg_stat_statements$/u,
    );
    expect(reasons({ statements: null })).toMatch(/`postgres` is not set for the load test$/u);
  });

  it('is the pool, with the transactions that keep its connections while nothing runs', () => {
    const idle = { ...locked, lockShare: 0, blockedStatement: null, idleInTransactionShare: 0.6, idleAfter: 'SELECT 1' };
    const [cause] = rankCauses({ ...nothing, requests, pool, database: idle });
    expect(cause?.code).toBe('CausePoolExhausted');
    expect(cause?.reasons.at(-1)).toMatch(
      /^60 % of the sessions kept a transaction open for 100 ms and more without a statement, most after "SELECT 1"/u,
    );
    expect(cause?.sources).toContain('database');
  });

  it('is the statement, with what its plan shows', () => {
    const plans = new Map([
      [
        statement,
        [
          { subject: 'plan', text: '90 ms in 3 nodes', values: {} },
          { subject: 'sequential scans', text: '97 % of the time in 1 of them', values: {} },
        ],
      ],
    ]);
    const [cause] = rankCauses({ ...nothing, requests, statements: [costly], plans });
    expect(cause?.code).toBe('CauseSlowStatement');
    expect(cause?.reasons[1]).toBe('sequential scans: 97 % of the time in 1 of them');
    expect(cause?.sources).toContain('indexes');
  });

  it('is the lock others wait for, before the statement that holds it up', () => {
    expect(codes({ requests, pool, statements: [costly], database: locked })).toEqual(['CauseRowLock']);
    expect(codes({ requests, pool, statements: [costly], database: { ...locked, lockShare: 0.1 } })).toEqual(['CauseSlowStatement']);
  });

  it('is the processor that all wait for, though more seem to wait for something else', () => {
    const starved = { requests: waiting({ cpu: 30, grpc: 60 }), cpu, schedulerP99Ms: 10.5 };
    expect(codes(starved)).toEqual(['CauseCpuBound', 'CauseSlowDependency']);
    expect(codes({ ...starved, schedulerP99Ms: 0.9 })).toEqual(['CauseSlowDependency']);
    expect(codes({ ...starved, requests: waiting({ cpu: 10, grpc: 80 }) })).toEqual(['CauseSlowDependency']);
  });

  it('is the collector, where a quarter of the CPU collects', () => {
    const [cause] = rankCauses({ ...nothing, requests: waiting({ cpu: 90 }), cpu: { ...cpu, gcShare: 0.4 } });
    expect(cause?.code).toBe('CauseGarbageCollection');
    expect(cause?.reasons[0]).toContain('GC uses 40 % of the CPU');
  });
});

it('names the deepest own function that holds most of the CPU, not the server above it', () => {
  const [cause] = rankCauses({ ...nothing, requests: waiting({ cpu: 90 }), cpu });
  expect(cause).toMatchObject({ code: 'CauseCpuBound', culprit: 'encoding/json' });
  expect(cause?.reasons.at(-1)).toBe('70 % is spent under shop.reprice');
});

it('names leaks after what makes requests slow, and alone where nothing does', () => {
  const leak = {
    class: 'channel' as const,
    site: 'shop.notify order.go:9',
    state: 'chan send',
    count: 40,
    reason: 'it sends to a channel that is no longer read',
    proven: true,
  };
  expect(codes({ leaks: [leak] })).toEqual(['CauseLeakChannel']);
  expect(codes({ leaks: [leak], requests: waiting({ redis: 90 }) })).toEqual(['CauseRedisWait', 'CauseLeakChannel']);
});
