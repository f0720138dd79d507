// Requests that wait for the database or for a connection to it, laid to what makes them wait: a lock, an index that is missing, a slow
// statement, a pool that is too small.
import { idleClause } from '../postgres/activity.ts';
import { latency, share as shareText } from '../../verdict/wording/index.ts';
import type { SlowStatement } from '../postgres/records.ts';
import { poolClauses } from '../runtime/judge-pool.ts';
import type { Cause, Source } from './cause.ts';
import { quoted } from './figures.ts';
import type { Observed } from './observed.ts';
import { operationOf, shareOf, traceClause, waitClause, waitOn } from './waits.ts';

/** Sessions of the database waiting for locks; above this others only follow. */
const LOCK_SHARE = 0.3;
/** A statement that takes this much of the database's time is what the database does. */
const STATEMENT_SHARE = 0.4;
/** On a copy an index must make a statement this much faster to be called missing. */
const INDEX_FACTOR = 5;

/** Requests that wait for the database or for a connection to it, laid to what makes them. */
export function databaseCause(seen: Observed): Cause[] {
  const waiting = waitOn(seen, 'database');
  const queueing = waitOn(seen, 'pool');
  const [ofDatabase, ofPool] = [shareOf(seen, ['database'], ['database']), shareOf(seen, ['pool'], ['pool'])];
  const operation = operationOf(seen, ['database', 'pool']);
  const base = { share: ofDatabase + ofPool, sources: ['requests', ...(operation ? ['traces'] : [])] as Source[] };
  const waits = [
    ...waitClause(seen, waiting, 'the database'),
    ...waitClause(seen, queueing, 'a connection of the pool'),
    ...traceClause(operation),
  ];
  const { database, pool } = seen;
  if (database !== null && database.lockShare >= LOCK_SHARE && database.blockedStatement !== null)
    return [
      {
        ...base,
        code: 'CauseRowLock',
        culprit: database.blockedStatement,
        because: [
          `${shareText(database.lockShare)} of the busy sessions wait for a lock, most in ${quoted(database.blockedStatement)}`,
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
          `on a copy of the table ${quoted(index.sql)} brings it from ${latency(index.beforeMs)} to ${latency(index.afterMs)}`,
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
  const idle = database === null ? [] : idleClause(database);
  const queued = ofPool > ofDatabase || (seen.requests === null && pool?.saturated === true);
  if (queued)
    return [
      {
        ...base,
        code: 'CausePoolExhausted',
        culprit: queueing?.site ?? operation?.operation ?? 'the pool',
        because: [...waits, ...(pool?.saturated ? poolClauses(pool) : []), ...quickClause(seen), ...idle],
        sources: [
          ...base.sources,
          ...(pool ? (['pool'] as const) : []),
          ...(idle.length > 0 ? (['database'] as const) : []),
          ...(seen.statements === null ? [] : (['statements'] as const)),
        ],
      },
    ];
  return [{ ...base, code: 'CauseSlowDatabase', culprit: waiting?.site ?? operation?.operation ?? 'the database', because: waits }];
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
const PLAN_SHOWS: ReadonlySet<string> = new Set([
  'sequential scans',
  'rows removed',
  'cache',
  'spills',
  'estimates',
  'JIT',
  'heap fetches',
  'planning',
]);

function costClause({ statement, meanMs, share, logged }: SlowStatement): string {
  return logged
    ? `${quoted(statement)} took ${latency(meanMs)} each time it was logged and ${shareText(share)} of the time of what was logged`
    : `${quoted(statement)} takes ${latency(meanMs)} each time and ${shareText(share)} of the database's time`;
}
