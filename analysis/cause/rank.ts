// From what was seen to why: which one thing accounts for most of what the slow requests wait for. What lies upstream takes the place of
// what only follows from it: a pool runs empty because a statement is slow, and that because an index is missing.
import type { Leak } from '../goroutine/leaks.ts';
import { duration, latency, share as shareText } from '../../verdict/wording/index.ts';
import type { RequestWait } from '../goroutine/requests.ts';
import type { Category } from '../trace/spans.ts';
import { LEAK_CODES, type Cause, type CauseCode } from './cause.ts';
import { databaseCause } from './database-cause.ts';
import { sum } from './figures.ts';
import type { Observed } from './observed.ts';
import { operationOf, shareOf, traceClause, waitClause, waitOn } from './waits.ts';

/** A wait that accounts for less than this of what requests wait for is no cause by itself. */
const MIN_SHARE = 0.35;
/** Collecting takes a quarter of the CPU at GOGC=100 only when the heap grows too fast for it. */
const GC_SHARE = 0.25;
/** Goroutines that are ready wait this long for a processor only where there are too few of them; a service at ease waits under 1 ms. */
const STARVED_MS = 5;
/** Of requests in flight, running or ready to: where processors are short, whatever else requests wait for waits for one too. */
const STARVED_SHARE = 0.15;

/** Causes, what accounts for most first; leaks after those that explain slowness. Empty where nothing stands out. */
export function rankCauses(seen: Observed): Cause[] {
  const slow = [waitCauses(seen), databaseCause(seen), cpuCause(seen)]
    .flat()
    .filter(({ share, upstream }) => upstream === true || share >= MIN_SHARE);
  const first = (cause: Cause): number => (cause.upstream === true ? 0 : 1);
  return [...slow.sort((a, b) => first(a) - first(b) || b.share - a.share || (a.code < b.code ? -1 : 1)), ...leakCauses(seen)];
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
    const operation = operationOf(seen, categories);
    const [held] = on === 'mutex' ? seen.contention : [];
    return {
      code,
      share: shareOf(seen, [on], categories),
      culprit: held?.holder ?? wait?.site ?? operation?.operation ?? what,
      because: [
        ...waitClause(seen, wait, what),
        ...(held ? [`${held.holder} held it while others waited ${duration(1_000 * held.waitedSeconds)} in all`] : []),
        ...traceClause(operation),
      ],
      sources: ['requests', ...(held ? (['contention'] as const) : []), ...(operation ? (['traces'] as const) : [])],
    };
  });
}

/** Requests that run, or could run if there were a processor for them. */
function cpuCause(seen: Observed): Cause[] {
  const running = waitOn(seen, 'cpu');
  const share = shareOf(seen, ['cpu'], []);
  const { cpu } = seen;
  if (cpu === null) return [];
  const starved = (seen.schedulerP99Ms ?? 0) >= STARVED_MS && share >= STARVED_SHARE;
  const upstream = starved ? { upstream: true } : {};
  const waits = starved ? `, and what is ready waits up to ${latency(seen.schedulerP99Ms ?? 0)} for one` : '';
  const busy = `${shareText(share)} of the requests in flight run or wait for a processor${waits}`;
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
          `${shareText(cpu.gcShare)} of the CPU goes into collecting garbage ` +
            `and ${shareText(cpu.allocationShare)} into allocating${allocates ? `, most under ${allocates.package}` : ''}`,
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
        ...(library ? [`${shareText(library.share)} of the CPU goes into ${library.package}`] : []),
        ...(own ? [`${shareText(own.share)} is spent under ${own.name}`] : []),
      ],
      sources: ['cpu', 'requests'],
    },
  ];
}

/** The innermost of the service's own functions that still holds half of what its outermost does: wrappers and servers say nothing. */
function deepest(functions: readonly { name: string; share: number }[]): { name: string; share: number } | undefined {
  return functions.findLast(({ share }) => share >= 0.5 * (functions[0]?.share ?? 0));
}

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
        because: [`${count} goroutines at ${first.site} can never end: ${first.reason}`],
        sources: ['leaks'],
      };
    });
}
