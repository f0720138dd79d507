// Slow statements from the server's counters: the increase of pg_stat_statements between two samples.
import type { Client } from 'pg';
import { normalised } from '../../analysis/postgres/statement.ts';
import type { StatementCost } from '../../analysis/postgres/records.ts';
import { reasonOf } from '../reason-of.ts';
import { hiddenMessage, QUERY_NAME } from './connect.ts';

const MAX_STATEMENTS = 50;

/** A hidden statement has no id. */
const STATEMENTS = `
  WITH ${QUERY_NAME} AS (SELECT * FROM pg_stat_statements)
  SELECT queryid::text || '/' || userid::text || '/' || coalesce(toplevel::text, '') AS id, query AS statement, calls::float8, total_exec_time AS "totalMs",
    rows::float8, shared_blks_hit::float8 AS "blocksHit", shared_blks_read::float8 AS "blocksRead", temp_blks_written::float8 AS "tempBlocksWritten"
  FROM ${QUERY_NAME} WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND strpos(query, '${QUERY_NAME}') = 0`;

const COUNTERS = ['calls', 'totalMs', 'rows', 'blocksHit', 'blocksRead', 'tempBlocksWritten'] as const;
type Counters = Record<(typeof COUNTERS)[number], number>;
export type Counted = Counters & { id: string; statement: string };

export interface StatementCounts {
  counted: Counted[];
  /** Calls and time of statements this role may not read, sorted. Equal in two samples: none of them ran in between. */
  hidden: string[];
}

/** The current counts, or the reason why they cannot be read (usually: the extension is not installed). */
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

/** Cost of each statement since the earlier sample, the costliest first; the reason when hidden statements ran in between. */
export function costsBetween(before: StatementCounts, after: StatementCounts): StatementCost[] | string {
  // Hidden statements that did not run in between hide nothing.
  if (before.hidden.join('\n') !== after.hidden.join('\n')) return hiddenMessage('statements');
  const earlier = new Map(before.counted.map((each) => [each.id, each]));
  const grown = after.counted.flatMap((now): StatementCost[] => {
    const was = earlier.get(now.id);
    // A counter that decreased was reset in between.
    const since = (of: keyof Counters): number => now[of] - (was !== undefined && was[of] <= now[of] ? was[of] : 0);
    const grew = Object.fromEntries(COUNTERS.map((of) => [of, since(of)])) as Counters;
    if (grew.calls <= 0) return [];
    const { calls, totalMs, ...rest } = grew;
    return [{ statement: normalised(now.statement), calls, totalMs, meanMs: totalMs / calls, ...rest }];
  });
  return grown.sort((a, b) => b.totalMs - a.totalMs).slice(0, MAX_STATEMENTS);
}
