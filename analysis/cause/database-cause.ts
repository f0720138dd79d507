// Attributes waits for the database and for pool connections to their cause: a lock, a missing index, a slow statement, or a pool that is
// too small.
import { idleClause } from '../postgres/activity.ts';
import { latency, share as shareText } from '../../verdict/wording/index.ts';
import type { SlowStatement } from '../postgres/records.ts';
import { poolClauses } from '../runtime/judge-pool.ts';
import type { Cause, Source } from './cause.ts';
import type { Observation } from './observation.ts';
import { operationOf, shareOf, traceClause, waitClause, waitOn } from './waits.ts';

/** Share of database sessions that wait for locks; above it other problems only follow. */
const LOCK_SHARE = 0.3;
/** A statement with this share of the database's time dominates it. */
const STATEMENT_SHARE = 0.4;
/** An index must speed up the statement by this factor on a copy to count as missing. */
const INDEX_FACTOR = 5;

/** The cause of waits for the database or for a pool connection. */
export function databaseCause(observation: Observation): Cause[] {
  const waiting = waitOn(observation, 'database');
  const queueing = waitOn(observation, 'pool');
  const [ofDatabase, ofPool] = [shareOf(observation, ['database'], ['database']), shareOf(observation, ['pool'], ['pool'])];
  const operation = operationOf(observation, ['database', 'pool']);
  const base = { share: ofDatabase + ofPool, sources: ['requests', ...(operation ? ['traces'] : [])] as Source[] };
  const waits = [
    ...waitClause(observation, waiting, 'the database'),
    ...waitClause(observation, queueing, 'a pool connection'),
    ...traceClause(operation),
  ];
  const { database, pool } = observation;
  if (database !== null && database.lockShare >= LOCK_SHARE && database.blockedStatement !== null)
    return [
      {
        ...base,
        code: 'CauseRowLock',
        culprit: database.blockedStatement,
        reasons: [
          `${shareText(database.lockShare)} of the busy sessions wait for a lock, most in ${quoted(database.blockedStatement)}`,
          ...waits,
        ],
        sources: [...base.sources, 'database'],
      },
    ];
  const costly = observation.statements?.find(({ share }) => share >= STATEMENT_SHARE);
  const index =
    costly &&
    observation.indexes.find(({ statement, beforeMs, afterMs }) => statement === costly.statement && beforeMs >= INDEX_FACTOR * afterMs);
  if (costly && index)
    return [
      {
        ...base,
        code: 'CauseMissingIndex',
        culprit: costly.statement,
        reasons: [
          costClause(costly),
          `on a copy of the table ${quoted(index.sql)} reduces it from ${latency(index.beforeMs)} to ${latency(index.afterMs)}`,
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
        reasons: [costClause(costly), ...planClauses(observation, costly.statement), ...waits],
        sources: [...base.sources, 'statements', ...(observation.plans.has(costly.statement) ? (['indexes'] as const) : [])],
      },
    ];
  const idle = database === null ? [] : idleClause(database);
  const queued = ofPool > ofDatabase || (observation.requests === null && pool?.saturated === true);
  if (queued)
    return [
      {
        ...base,
        code: 'CausePoolExhausted',
        culprit: queueing?.site ?? operation?.operation ?? 'the connection pool',
        reasons: [...waits, ...(pool?.saturated ? poolClauses(pool) : []), ...quickClause(observation), ...idle],
        sources: [
          ...base.sources,
          ...(pool ? (['pool'] as const) : []),
          ...(idle.length > 0 ? (['database'] as const) : []),
          ...(observation.statements === null ? [] : (['statements'] as const)),
        ],
      },
    ];
  return [{ ...base, code: 'CauseSlowDatabase', culprit: waiting?.site ?? operation?.operation ?? 'the database', reasons: waits }];
}

/** Only for statements that were read: without them a slow statement may be what occupies the pool. */
function quickClause({ statements, onlyLogged, unread }: Observation): string[] {
  if (statements === null) return [`unknown whether a slow statement occupies the connections: ${unread.statements ?? NO_STATEMENTS}`];
  if (statements.length > 0) return [];
  return onlyLogged
    ? ['no statement slow enough to be logged occupies the connections']
    : ['statements are fast: connections are held during other work, or there are too few'];
}

export const NO_STATEMENTS = '`postgres` is not set for the load test';

/** Facts of the statement's plan that may explain its time. */
function planClauses({ plans }: Observation, statement: string): string[] {
  return (plans.get(statement) ?? []).filter(({ subject }) => EXPLAINING.has(subject)).map(({ subject, text }) => `${subject}: ${text}`);
}

/** Subjects of `describePlan`. */
const EXPLAINING: ReadonlySet<string> = new Set([
  'sequential scans',
  'rows removed',
  'cache',
  'spills',
  'estimates',
  'JIT',
  'heap fetches',
  'planning',
]);

/** A statement or command, cut after 120 characters. */
const quoted = (text: string): string => `"${text.length > 120 ? `${text.slice(0, 117)}...` : text}"`;

function costClause({ statement, meanMs, share, logged }: SlowStatement): string {
  return logged
    ? `${quoted(statement)} takes ${latency(meanMs)} per logged call and ${shareText(share)} of the logged time`
    : `${quoted(statement)} takes ${latency(meanMs)} per call and ${shareText(share)} of the database's time`;
}
