// Where statements were read, for people: what was looked for first, why it is not there, and what that makes of the figures.
import { isLogged, type StatementsRecord, type StatementsSource } from './records.ts';

export const sourceTitles: Readonly<Record<StatementsSource, string>> = {
  pg_stat_statements: 'pg_stat_statements',
  'server-log': "the server's log",
  'service-log': "the service's own log",
};

/** Null where there is nothing to add: pg_stat_statements counts everything, and what could not be read at all says so itself. */
export function sourceSentence(record: StatementsRecord): string | null {
  const { source, notThere = [], bounds = [] } = record;
  if (source === undefined || record.unread !== null || !isLogged(record)) return null;
  const read = `read from ${sourceTitles[source]}, which holds slow executions only, so calls are a lower bound`;
  return [...notThere, read, ...bounds].join('; ');
}
