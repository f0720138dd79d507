// Slow statements from whichever place has them: the server's counters, else its log, else the service's own. What is not there is told with
// its reason, and the next one is asked.
import type { Client } from 'pg';
import type { StatementCost, StatementsRecord, StatementsSource } from '../../analysis/postgres/records.ts';
import { sourceTitles } from '../../analysis/postgres/source-sentence.ts';
import { loggedSince, markLog, type LogMark } from './server-log.ts';
import { costsBetween, statementCounts, type StatementCounts } from './statement-counts.ts';

export interface FoundStatements {
  /** First the costliest. */
  statements: StatementCost[];
  /** Plans that came with them, as they came. */
  plans: string[];
  /** What keeps it from being all. */
  bounds: string[];
}

/** Reads the service's own log since a moment; a sentence where that cannot be. */
export type ServiceLog = (since: Date) => Promise<FoundStatements | string>;

export interface BegunStatements {
  client: Client;
  counts: StatementCounts | string;
  /** Taken also where there are counts: that they hide what ran shows only in the end. */
  mark: LogMark | string;
}

/** The first look, as the load begins. */
export async function beginStatements(client: Client): Promise<BegunStatements> {
  return { client, counts: await statementCounts(client), mark: await markLog(client) };
}

type Found = Pick<StatementsRecord, 'unread' | 'source' | 'notThere' | 'bounds' | 'statements'> & { plans: string[] };

/** The last look. `begun` is the reason where there is no connection: the service's own log may be there all the same. */
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
