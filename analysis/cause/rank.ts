// Ranks causes by the share of slow requests' waits that they explain. A cause upstream replaces its consequences: a pool is exhausted
// because a statement is slow, which is slow because an index is missing.
import { LEAK_CODES, type Leak } from '../goroutine/leaks.ts';
import { duration, latency, share as shareText } from '../../verdict/wording/index.ts';
import type { RequestWait } from '../goroutine/requests.ts';
import type { Category } from '../trace/spans.ts';
import type { Cause, CauseCode } from './cause.ts';
import { databaseCause } from './database-cause.ts';
import type { Observation } from './observation.ts';
import { operationOf, shareOf, sum, traceClause, waitClause, waitOn } from './waits.ts';

/** A wait with a smaller share is not a cause by itself. */
const MIN_SHARE = 0.35;
/** GC uses a quarter of the CPU at GOGC=100 only when the heap grows too fast. */
const GC_SHARE = 0.25;
/** Runnable goroutines wait this long only with too few processors; without load it is under 1 ms. */
const STARVED_MS = 5;
/** Share of requests that are running or runnable: where processors are short, other waits include waiting for a processor. */
const STARVED_SHARE = 0.15;

/** Causes by the share they explain; leaks come last. Empty without a dominant cause. */
export function rankCauses(observation: Observation): Cause[] {
  const slow = [waitCauses(observation), databaseCause(observation), cpuCause(observation)]
    .flat()
    .filter(({ share, upstream }) => upstream === true || share >= MIN_SHARE);
  const first = (cause: Cause): number => (cause.upstream === true ? 0 : 1);
  return [...slow.sort((a, b) => first(a) - first(b) || b.share - a.share || (a.code < b.code ? -1 : 1)), ...leakCauses(observation)];
}

interface DirectWait {
  code: CauseCode;
  on: RequestWait['on'];
  categories: readonly Category[];
  what: string;
}

/** Waits that are causes by themselves. */
const DIRECT: readonly DirectWait[] = [
  { code: 'CauseRedisWait', on: 'redis', categories: ['redis'], what: 'Redis' },
  { code: 'CauseSlowDependency', on: 'grpc', categories: ['grpc'], what: 'a gRPC call' },
  { code: 'CauseSlowDependency', on: 'http', categories: ['http'], what: 'an HTTP call' },
  { code: 'CauseDialTimeout', on: 'dial', categories: ['dial'], what: 'a connection attempt' },
  { code: 'CauseLockContention', on: 'mutex', categories: [], what: 'an in-process lock' },
];

function waitCauses(observation: Observation): Cause[] {
  return DIRECT.map(({ code, on, categories, what }): Cause => {
    const wait = waitOn(observation, on);
    const operation = operationOf(observation, categories);
    const [held] = on === 'mutex' ? observation.contention : [];
    return {
      code,
      share: shareOf(observation, [on], categories),
      culprit: held?.holder ?? wait?.site ?? operation?.operation ?? what,
      reasons: [
        ...waitClause(observation, wait, what),
        ...(held ? [`${held.holder} held it while others waited ${duration(1_000 * held.waitedSeconds)} in total`] : []),
        ...traceClause(operation),
      ],
      sources: ['requests', ...(held ? (['contention'] as const) : []), ...(operation ? (['traces'] as const) : [])],
    };
  });
}

/** Requests that are running or runnable. */
function cpuCause(observation: Observation): Cause[] {
  const running = waitOn(observation, 'cpu');
  const share = shareOf(observation, ['cpu'], []);
  const { cpu } = observation;
  if (cpu === null) return [];
  const starved = (observation.schedulerP99Ms ?? 0) >= STARVED_MS && share >= STARVED_SHARE;
  const upstream = starved ? { upstream: true } : {};
  const waits = starved ? `, with a p99 scheduler latency of up to ${latency(observation.schedulerP99Ms ?? 0)}` : '';
  const busy = `${shareText(share)} of the requests in flight are running or runnable${waits}`;
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
        reasons: [
          `GC uses ${shareText(cpu.gcShare)} of the CPU and allocation ${shareText(cpu.allocationShare)}` +
            (allocates ? `, most under ${allocates.package}` : ''),
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
      reasons: [
        busy,
        ...(library ? [`${library.package} uses ${shareText(library.share)} of the CPU`] : []),
        ...(own ? [`${shareText(own.share)} is spent under ${own.name}`] : []),
      ],
      sources: ['cpu', 'requests'],
    },
  ];
}

/** The innermost own function with at least half of the share of the outermost one: wrappers and servers explain nothing. */
function deepest(functions: readonly { name: string; share: number }[]): { name: string; share: number } | undefined {
  return functions.findLast(({ share }) => share >= 0.5 * (functions[0]?.share ?? 0));
}

/** Proven leaks by class, most goroutines first. */
function leakCauses({ leaks }: Observation): Cause[] {
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
        reasons: [`${count} goroutines at ${first.site} can never end: ${first.reason}`],
        sources: ['leaks'],
      };
    });
}
