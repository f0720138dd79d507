// Slow statements by the server's own counters: what pg_stat_statements grew by between two looks.
import type { Client } from 'pg';
import { normalised } from '../../analysis/postgres/statement.ts';
import type { StatementCost } from '../../analysis/postgres/records.ts';
import { reasonOf } from '../reason-of.ts';
import { hiddenSentence } from './hidden.ts';
import { OURS } from './ours.ts';

const STATEMENTS_LIMIT = 50;

/** A hidden statement has no id. */
const STATEMENTS = `
  WITH ${OURS} AS (SELECT * FROM pg_stat_statements)
  SELECT queryid::text || '/' || userid::text || '/' || coalesce(toplevel::text, '') AS id, query AS statement, calls::float8, total_exec_time AS "totalMs",
    rows::float8, shared_blks_hit::float8 AS "blocksHit", shared_blks_read::float8 AS "blocksRead", temp_blks_written::float8 AS "tempBlocksWritten"
  FROM ${OURS} WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND strpos(query, '${OURS}') = 0`;

const COUNTERS = ['calls', 'totalMs', 'rows', 'blocksHit', 'blocksRead', 'tempBlocksWritten'] as const;
type Counters = Record<(typeof COUNTERS)[number], number>;
export type Counted = Counters & { id: string; statement: string };

export interface StatementCounts {
  counted: Counted[];
  /** Of statements this role may not see, sorted: calls and time. Equal at two looks, none of them ran in between. */
  hidden: string[];
}

/** The counts as they are, or why they cannot be read (most often that the extension is not there). */
export async function statementCounts(client: Client): Promise<StatementCounts | string> {
  try {
    const { rows } = await client.query<Counters & { id: string | null; statement: string }>(STATEMENTS);
    return {
      counted: rows.flatMap(({ id, ...rest }) => (id === null ? [] : [{ id, ...rest }])),
      hidden: rows.flatMap(({ id, calls, totalMs }) => (id === null ? [`${calls}/${totalMs}`] : [])).sort(),
    };
  } catch (error) {
    return reasonOf(error);
  }
}

/** What each statement cost since the earlier look, first the costliest. A sentence where others ran that this role may not see. */
export function costsBetween(before: StatementCounts, after: StatementCounts): StatementCost[] | string {
  // Those that did not run meanwhile hide nothing: a superuser's of before, where the role is the service's own.
  if (before.hidden.join('\n') !== after.hidden.join('\n')) return hiddenSentence('statements');
  const earlier = new Map(before.counted.map((each) => [each.id, each]));
  const grown = after.counted.flatMap((now): StatementCost[] => {
    const was = earlier.get(now.id);
    // Counters that fell were reset in between: then all there is was since.
    const since = (of: keyof Counters): number => now[of] - (was !== undefined && was[of] <= now[of] ? was[of] : 0);
    const grew = Object.fromEntries(COUNTERS.map((of) => [of, since(of)])) as Counters;
    if (grew.calls <= 0) return [];
    const { calls, totalMs, ...rest } = grew;
    return [{ statement: normalised(now.statement), calls, totalMs, meanMs: totalMs / calls, ...rest }];
  });
  return grown.sort((a, b) => b.totalMs - a.totalMs).slice(0, STATEMENTS_LIMIT);
}
