// From what was seen to why: which one thing accounts for most of what the slow requests wait for. What lies upstream takes the place of
// what only follows from it: a pool runs empty because a statement is slow, and that because an index is missing.
import type { Leak } from '../goroutine/leaks.ts';
import type { RequestWait } from '../goroutine/requests.ts';
import { poolClauses } from '../runtime/judge-pool.ts';
import type { OperationTime } from '../trace/slow-band.ts';
import type { Category } from '../trace/spans.ts';
import type { SlowStatement } from '../postgres/slow.ts';
import type { Observed } from './observed.ts';

export type CauseCode =
  | 'CauseRedisWait'
  | 'CauseMissingIndex'
  | 'CauseSlowStatement'
  | 'CauseRowLock'
  | 'CauseSlowDatabase'
  | 'CausePoolExhausted'
  | 'CauseLockContention'
  | 'CauseGarbageCollection'
  | 'CauseCpuBound'
  | 'CauseSlowDependency'
  | 'CauseDialTimeout'
  | 'CauseLeakChannel'
  | 'CauseLeakContext'
  | 'CauseLeakWaitGroup'
  | 'CauseLeakMutex'
  | 'CauseLeakNeverReady'
  | 'CauseLeak';

/** What a cause was read from; the findings name the evidence of these. */
export type Source = 'requests' | 'leaks' | 'cpu' | 'contention' | 'pool' | 'database' | 'statements' | 'indexes' | 'traces';

export interface Cause {
  code: CauseCode;
  /** Of what slow requests wait for, 0-1: how much this would account for. A leak accounts for none of it, and is 0. */
  share: number;
  /** What is at fault: a statement, a function, an operation. */
  culprit: string;
  /** Clauses with figures, the strongest first. */
  because: string[];
  sources: Source[];
  /** Others follow from it even where they account for more: it stands first. */
  upstream?: boolean;
}

/** A wait that accounts for less than this of what requests wait for is no cause by itself. */
const LEAST_SHARE = 0.35;
/** Fewer requests than this in flight, over all profiles, are a chance. */
const LEAST_IN_FLIGHT = 8;
/** Waits of less than this are not told. */
const TOLD_SHARE = 0.05;
/** Sessions of the database waiting for locks; above this others only follow. */
const LOCK_SHARE = 0.3;
/** A statement that takes this much of the database's time is what the database does. */
const STATEMENT_SHARE = 0.4;
/** Collecting takes a quarter of the CPU at GOGC=100 only when the heap grows too fast for it. */
const GC_SHARE = 0.25;
/** Goroutines that are ready wait this long for a processor only where there are too few of them; a service at ease waits under 1 ms. */
const STARVED_MS = 5;
/** Of requests in flight, running or ready to: where processors are short, whatever else requests wait for waits for one too. */
const STARVED_SHARE = 0.15;
/** On a copy an index must make a statement this much faster to be called missing. */
const INDEX_FACTOR = 5;

/** Causes, what accounts for most first; leaks after those that explain slowness. Empty where nothing stands out. */
export function rankCauses(seen: Observed): Cause[] {
  const slow = [waitCauses(seen), databaseCause(seen), cpuCause(seen)]
    .flat()
    .filter(({ share, upstream }) => upstream === true || share >= LEAST_SHARE);
  const first = (cause: Cause): number => (cause.upstream === true ? 0 : 1);
  return [...slow.sort((a, b) => first(a) - first(b) || b.share - a.share || (a.code < b.code ? -1 : 1)), ...leakCauses(seen)];
}

/** What part of the requests waits on something: by goroutines where enough were in flight, else by traces. */
function shareOf({ requests, slowBand, service }: Observed, on: readonly RequestWait['on'][], categories: readonly Category[]): number {
  if (requests !== null && requests.inFlight >= LEAST_IN_FLIGHT)
    return sum(requests.waits.filter((wait) => on.includes(wait.on)).map(({ requests: count }) => count)) / requests.inFlight;
  return slowBand === null ? 0 : sum(slowBand.operations.filter((each) => isOf(each, categories, service)).map(({ share }) => share));
}

/** Time inside another service is time of the call to it. */
function isOf({ operation, category }: OperationTime, categories: readonly Category[], service: string): boolean {
  return categories.includes(category) || (categories.includes('grpc') && !operation.startsWith(`[${service}] `));
}

interface DirectWait {
  code: CauseCode;
  on: RequestWait['on'];
  categories: readonly Category[];
  what: string;
}

/** Waits that are a cause by themselves. */
const DIRECT: readonly DirectWait[] = [
  { code: 'CauseRedisWait', on: 'redis', categories: ['redis'], what: 'Redis' },
  { code: 'CauseSlowDependency', on: 'grpc', categories: ['grpc'], what: 'a gRPC call' },
  { code: 'CauseSlowDependency', on: 'http', categories: ['http'], what: 'an HTTP call' },
  { code: 'CauseDialTimeout', on: 'dial', categories: ['dial'], what: 'a connection that is not made' },
  { code: 'CauseLockContention', on: 'mutex', categories: [], what: 'a lock of the process' },
];

function waitCauses(seen: Observed): Cause[] {
  return DIRECT.map(({ code, on, categories, what }): Cause => {
    const wait = waitOn(seen, on);
    const operation = seen.slowBand?.operations.find((each) => isOf(each, categories, seen.service)) ?? null;
    const [held] = on === 'mutex' ? seen.contention : [];
    return {
      code,
      share: shareOf(seen, [on], categories),
      culprit: held?.holder ?? wait?.site ?? operation?.operation ?? what,
      because: [
        ...waitClause(seen, wait, what),
        ...(held ? [`${held.holder} held it while others waited ${seconds(held.waitedSeconds)} in all`] : []),
        ...traceClause(operation),
      ],
      sources: ['requests', ...(held ? (['contention'] as const) : []), ...(operation ? (['traces'] as const) : [])],
    };
  });
}

/** Requests that wait for the database or for a connection to it, laid to what makes them. */
function databaseCause(seen: Observed): Cause[] {
  const waiting = waitOn(seen, 'database');
  const queueing = waitOn(seen, 'pool');
  const share = shareOf(seen, ['database', 'pool'], ['database', 'pool']);
  const base = { share, sources: ['requests'] as Source[] };
  const waits = [...waitClause(seen, waiting, 'the database'), ...waitClause(seen, queueing, 'a connection of the pool')];
  const { database, pool } = seen;
  if (database !== null && database.lockShare >= LOCK_SHARE && database.blockedStatement !== null)
    return [
      {
        ...base,
        code: 'CauseRowLock',
        culprit: database.blockedStatement,
        because: [
          `${percent(database.lockShare)} of the busy sessions wait for a lock, most in ${quoted(database.blockedStatement)}`,
          ...waits,
        ],
        sources: [...base.sources, 'database'],
      },
    ];
  const costly = seen.statements?.find(({ share: ofAll }) => ofAll >= STATEMENT_SHARE);
  const index =
    costly && seen.indexes.find(({ statement, beforeMs, afterMs }) => statement === costly.statement && beforeMs >= INDEX_FACTOR * afterMs);
  if (costly && index)
    return [
      {
        ...base,
        code: 'CauseMissingIndex',
        culprit: costly.statement,
        because: [
          costClause(costly),
          `on a copy of the table ${quoted(index.sql)} brings it from ${milliseconds(index.beforeMs)} to ${milliseconds(index.afterMs)}`,
          ...waits,
        ],
        sources: [...base.sources, 'statements', 'indexes'],
      },
    ];
  if (costly)
    return [
      {
        ...base,
        code: 'CauseSlowStatement',
        culprit: costly.statement,
        because: [costClause(costly), ...planClauses(seen, costly.statement), ...waits],
        sources: [...base.sources, 'statements', ...(seen.plans.has(costly.statement) ? (['indexes'] as const) : [])],
      },
    ];
  const queued = (queueing?.requests ?? 0) > (waiting?.requests ?? 0) || (seen.requests === null && pool?.saturated === true);
  if (queued)
    return [
      {
        ...base,
        code: 'CausePoolExhausted',
        culprit: queueing?.site ?? 'the pool',
        because: [...waits, ...(pool?.saturated ? poolClauses(pool) : []), ...quickClause(seen)],
        sources: [...base.sources, ...(pool ? (['pool'] as const) : []), ...(seen.statements === null ? [] : (['statements'] as const))],
      },
    ];
  return [{ ...base, code: 'CauseSlowDatabase', culprit: waiting?.site ?? 'the database', because: waits }];
}

/** Said only of statements that were read: without them a pool may as well run empty for a slow one. */
function quickClause({ statements, onlyLogged, unread }: Observed): string[] {
  if (statements === null) return [`whether a slow statement keeps the connections is not known: ${unread.statements ?? NO_STATEMENTS}`];
  if (statements.length > 0) return [];
  return onlyLogged
    ? ['no statement slow enough to be logged keeps the connections']
    : ['the statements themselves are quick: connections are kept while something else is done, or there are too few'];
}

export const NO_STATEMENTS = 'no `postgres` is named for the load test';

/** What the plan of a statement shows, but for its size. */
function planClauses({ plans }: Observed, statement: string): string[] {
  return (plans.get(statement) ?? []).filter(({ subject }) => PLAN_SHOWS.has(subject)).map(({ subject, text }) => `${subject}: ${text}`);
}

/** Of `describePlan`. */
const PLAN_SHOWS: ReadonlySet<string> = new Set(['sequential scans', 'rows removed', 'cache', 'spills', 'estimates', 'JIT']);

/** Requests that run, or could run if there were a processor for them. */
function cpuCause(seen: Observed): Cause[] {
  const running = waitOn(seen, 'cpu');
  const share = shareOf(seen, ['cpu'], []);
  const { cpu } = seen;
  if (cpu === null) return [];
  const starved = (seen.schedulerP99Ms ?? 0) >= STARVED_MS && share >= STARVED_SHARE;
  const upstream = starved ? { upstream: true } : {};
  const busy = `${percent(share)} of the requests in flight run or wait for a processor${starved ? `, and what is ready waits up to ${milliseconds(seen.schedulerP99Ms ?? 0)} for one` : ''}`;
  const own = deepest(cpu.ownFunctions);
  if (cpu.gcShare >= GC_SHARE) {
    const allocates = cpu.mechanisms.find(
      ({ mechanism, package: path }) => mechanism === 'allocation' || (mechanism === 'GC assist' && path !== 'runtime'),
    );
    return [
      {
        code: 'CauseGarbageCollection',
        share,
        ...upstream,
        culprit: allocates?.package ?? own?.name ?? 'the heap',
        because: [
          `${percent(cpu.gcShare)} of the CPU goes into collecting garbage and ${percent(cpu.allocationShare)} into allocating${allocates ? `, most under ${allocates.package}` : ''}`,
          busy,
        ],
        sources: ['cpu', 'requests'],
      },
    ];
  }
  const library = cpu.library;
  return [
    {
      code: 'CauseCpuBound',
      share,
      ...upstream,
      culprit: library?.package ?? own?.name ?? running?.site ?? 'the code',
      because: [
        busy,
        ...(library ? [`${percent(library.share)} of the CPU goes into ${library.package}`] : []),
        ...(own ? [`${percent(own.share)} is spent under ${own.name}`] : []),
      ],
      sources: ['cpu', 'requests'],
    },
  ];
}

/** The innermost of the service's own functions that still holds half of what its outermost does: wrappers and servers say nothing. */
function deepest(functions: readonly { name: string; share: number }[]): { name: string; share: number } | undefined {
  return functions.findLast(({ share }) => share >= 0.5 * (functions[0]?.share ?? 0));
}

export const LEAK_CODES: Readonly<Record<Leak['class'], CauseCode>> = {
  channel: 'CauseLeakChannel',
  context: 'CauseLeakContext',
  WaitGroup: 'CauseLeakWaitGroup',
  mutex: 'CauseLeakMutex',
  never: 'CauseLeakNeverReady',
  other: 'CauseLeak',
};

/** What the runtime has proven, by class, most goroutines first. */
function leakCauses({ leaks }: Observed): Cause[] {
  const byCode = new Map<CauseCode, Leak[]>();
  for (const leak of leaks ?? []) byCode.set(LEAK_CODES[leak.class], [...(byCode.get(LEAK_CODES[leak.class]) ?? []), leak]);
  return [...byCode]
    .map(([code, found]) => ({ code, found, count: sum(found.map(({ count }) => count)) }))
    .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1))
    .map(({ code, found, count }): Cause => {
      const [first] = found as [Leak, ...Leak[]];
      return {
        code,
        share: 0,
        culprit: first.site,
        because: [`${count} goroutines at ${first.site} can never end: ${first.why}`],
        sources: ['leaks'],
      };
    });
}

const waitOn = ({ requests }: Observed, on: RequestWait['on']): RequestWait | null =>
  requests?.waits.find((wait) => wait.on === on) ?? null;

function waitClause({ requests }: Observed, wait: RequestWait | null, what: string): string[] {
  return wait === null || requests === null || wait.requests < TOLD_SHARE * requests.inFlight
    ? []
    : [`${wait.requests} of ${requests.inFlight} requests in flight wait for ${what}, most at ${wait.site}`];
}

function costClause({ statement, meanMs, share, logged }: SlowStatement): string {
  return logged
    ? `${quoted(statement)} took ${milliseconds(meanMs)} each time it was logged and ${percent(share)} of the time of what was logged`
    : `${quoted(statement)} takes ${milliseconds(meanMs)} each time and ${percent(share)} of the database's time`;
}

function traceClause(operation: OperationTime | null): string[] {
  return operation === null ? [] : [`${percent(operation.share)} of the time of slow traces is spent in ${operation.operation}`];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const quoted = (text: string): string => `"${text.length > 120 ? `${text.slice(0, 117)}...` : text}"`;
export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
const milliseconds = (value: number): string => `${Number(value.toPrecision(3))} ms`;
const seconds = (value: number): string => `${Number(value.toPrecision(2))} s`;
