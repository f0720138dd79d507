// Looks at a PostgreSQL server while a load runs: which statements cost what between its start and its end, and who waits for whom.
import type { Client } from 'pg';
import { normalised, parserReady } from '../../analysis/postgres/statement.ts';
import type { ActiveSession, ActivityLook, StatementCost, StatementsRecord } from '../../analysis/postgres/records.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { connect } from './connect.ts';

export interface WatchOptions {
  store: EvidenceStore;
  /** Name in the environment file, for people. */
  name: string;
  url: string;
  everyMs?: number;
}

export interface DatabaseWatch {
  /** Takes the last look, stores all of them and ends the connection. Rejects only when the store cannot keep them. */
  finish(): Promise<{ evidence: EvidenceRef[]; facts: Fact[] }>;
  /** Ends the connection and keeps nothing; harmless after finish. */
  stop(): void;
}

/** Half a second finds waits that matter to a limit of some hundred milliseconds, and costs the server one short query. */
const EVERY_MS = 500;
/** An hour of looks. */
const LOOKS_LIMIT = 7_200;
const STATEMENTS_LIMIT = 50;

/** Name in our own statements by which they are left out of the service's: the server keeps names, and of comments those it saw first. */
const OURS = 'tminus_looks';
const ACTIVITY = `
  WITH ${OURS} AS (SELECT * FROM pg_stat_activity)
  SELECT pid, state, wait_event_type AS "waitEventType", wait_event AS "waitEvent",
    greatest(0, extract(epoch FROM clock_timestamp() - query_start) * 1000)::float8 AS "runsMs", query AS statement,
    CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS "blockedBy"
  FROM ${OURS}
  WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle' AND application_name <> 'tminus'`;

const STATEMENTS = `
  WITH ${OURS} AS (SELECT * FROM pg_stat_statements)
  SELECT queryid::text || '/' || userid::text || '/' || coalesce(toplevel::text, '') AS id, query AS statement, calls::float8, total_exec_time AS "totalMs",
    rows::float8, shared_blks_hit::float8 AS "blocksHit", shared_blks_read::float8 AS "blocksRead", temp_blks_written::float8 AS "tempBlocksWritten"
  FROM ${OURS} WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND strpos(query, '${OURS}') = 0`;

type Counted = Omit<StatementCost, 'meanMs'> & { id: string };

/** Begins to look. What cannot be seen is told as a fact in the end; the load goes on. */
export function watchDatabase({ store, name, url, everyMs = EVERY_MS }: WatchOptions): DatabaseWatch {
  const looks: ActivityLook[] = [];
  const from = new Date().toISOString();
  let before: Promise<Counted[] | string> = Promise.resolve('the load ended before the first look');
  const opened = open();
  let looking: Promise<void> | null = null;
  const timer = setInterval(() => void (looking ??= look().finally(() => (looking = null))), everyMs);

  async function open(): Promise<Client | string> {
    await parserReady;
    const client = await connect(url).catch(reason);
    if (typeof client !== 'string') before = statements(client);
    return client;
  }

  async function look(): Promise<void> {
    if (looks.length >= LOOKS_LIMIT) return;
    const client = await opened;
    const at = new Date().toISOString();
    const rows = typeof client === 'string' ? client : await client.query<ActiveSession>(ACTIVITY).then(({ rows: found }) => found, reason);
    looks.push(
      typeof rows === 'string'
        ? { at, unread: rows, sessions: [] }
        : { at, unread: null, sessions: rows.map((row) => ({ ...row, statement: normalised(row.statement) })) },
    );
  }

  async function end(): Promise<Client | string> {
    clearInterval(timer);
    const client = await opened;
    await looking;
    return client;
  }

  return {
    async finish() {
      const client = await end();
      const record: StatementsRecord = { database: name, from, to: new Date().toISOString(), ...(await costs(client, await before)) };
      if (typeof client !== 'string') await client.end().catch(() => undefined);
      const source = `database ${name}`;
      const lines = looks.map((each) => `${JSON.stringify(each)}\n`).join('');
      const evidence = [
        await store.put({ kind: 'lock-waits', mediaType: 'application/x-ndjson', source }, new TextEncoder().encode(lines)),
        await store.put(
          { kind: 'slow-statements', mediaType: 'application/json', source },
          new TextEncoder().encode(`${JSON.stringify(record)}\n`),
        ),
      ];
      const unread = record.unread ?? looks.find((each) => each.unread !== null)?.unread ?? null;
      return { evidence, facts: unread === null ? [] : [{ subject: source, text: `not all could be seen: ${unread}`, values: {} }] };
    },
    stop() {
      void end().then((client) => (typeof client === 'string' ? undefined : client.end().catch(() => undefined)));
    },
  };
}

async function costs(client: Client | string, before: Counted[] | string): Promise<Pick<StatementsRecord, 'unread' | 'statements'>> {
  if (typeof client === 'string') return { unread: client, statements: [] };
  if (typeof before === 'string') return { unread: before, statements: [] };
  const after = await statements(client);
  if (typeof after === 'string') return { unread: after, statements: [] };
  const earlier = new Map(before.map((each) => [each.id, each]));
  const grown = after.flatMap((now): StatementCost[] => {
    const was = earlier.get(now.id);
    const since = (of: 'calls' | 'totalMs' | 'rows' | 'blocksHit' | 'blocksRead' | 'tempBlocksWritten') =>
      // Counters that fell were reset in between: then all there is was since.
      now[of] - (was !== undefined && was[of] <= now[of] ? was[of] : 0);
    const calls = since('calls');
    if (calls <= 0) return [];
    const totalMs = since('totalMs');
    return [
      {
        statement: normalised(now.statement),
        calls,
        totalMs,
        meanMs: totalMs / calls,
        rows: since('rows'),
        blocksHit: since('blocksHit'),
        blocksRead: since('blocksRead'),
        tempBlocksWritten: since('tempBlocksWritten'),
      },
    ];
  });
  return { unread: null, statements: grown.sort((a, b) => b.totalMs - a.totalMs).slice(0, STATEMENTS_LIMIT) };
}

/** The counts as they are, or why they cannot be read (most often that the extension is not there). */
async function statements(client: Client): Promise<Counted[] | string> {
  return client.query<Counted>(STATEMENTS).then(({ rows }) => rows, reason);
}

const reason = (error: unknown): string => (error instanceof Error && error.message !== '' ? error.message : String(error));
