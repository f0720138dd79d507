// Slow statements from the first source that has them: the server's counters, its log, then the service's log. The reason why a source has none
// is recorded.
import type { Client } from 'pg';
import type { StatementsRecord, StatementsSource } from '../../analysis/postgres/records.ts';
import { sourceTitles } from '../../analysis/postgres/records.ts';
import { loggedSince, markLog, type FoundStatements, type LogMark } from './server-log.ts';
import { costsBetween, statementCounts, type StatementCounts } from './statement-counts.ts';

/** Reads the service's log since a time; the reason when that is not possible. */
export type ServiceLog = (since: Date) => Promise<FoundStatements | string>;

export interface BegunStatements {
  client: Client;
  counts: StatementCounts | string;
  /** Also taken when there are counts: that they hide statements shows only at the end. */
  mark: LogMark | string;
}

/** The first sample, at the start of the load. */
export async function beginStatements(client: Client): Promise<BegunStatements> {
  return { client, counts: await statementCounts(client), mark: await markLog(client) };
}

type Found = Pick<StatementsRecord, 'unread' | 'source' | 'notThere' | 'bounds' | 'statements'> & { plans: string[] };

/** The last sample. `begun` is the reason when there is no connection; the service's log may still be readable. */
export async function findStatements(begun: BegunStatements | string, serviceLog: () => Promise<FoundStatements | string>): Promise<Found> {
  const notThere: string[] = [];
  const sources: [StatementsSource, () => Promise<FoundStatements | string>][] = [['service-log', serviceLog]];
  if (typeof begun === 'string') notThere.push(`the database: ${begun}`);
  else sources.unshift(['pg_stat_statements', () => counted(begun)], ['server-log', () => logged(begun)]);
  for (const [source, ask] of sources) {
    const found = await ask();
    if (typeof found !== 'string') return { unread: null, source, notThere, ...found };
    notThere.push(`${sourceTitles[source]}: ${found}`);
  }
  return { unread: notThere.join('; '), notThere, statements: [], plans: [] };
}

async function counted({ client, counts }: BegunStatements): Promise<FoundStatements | string> {
  if (typeof counts === 'string') return counts;
  const after = await statementCounts(client);
  const costs = typeof after === 'string' ? after : costsBetween(counts, after);
  return typeof costs === 'string' ? costs : { statements: costs, plans: [], bounds: [] };
}

const logged = async ({ client, mark }: BegunStatements): Promise<FoundStatements | string> =>
  typeof mark === 'string' ? mark : loggedSince(client, mark);
