// Samples a PostgreSQL server during a load test: the cost of each statement, and which session waits for which.
import type { Client } from 'pg';
import { normalised, parserReady } from '../../analysis/postgres/statement.ts';
import type { ActiveSession, ActivitySample, StatementsRecord } from '../../analysis/postgres/records.ts';
import { sourceText } from '../../analysis/postgres/records.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { reasonOf } from '../reason-of.ts';
import { connect, HIDDEN_TEXT, hiddenMessage, QUERY_NAME } from './connect.ts';
import { beginStatements, findStatements, type BegunStatements, type ServiceLog } from './slow-statements.ts';

export interface WatchOptions {
  store: EvidenceStore;
  /** Name in the environment file. */
  name: string;
  url: string;
  /** Read when neither the server's counters nor its log can be. */
  serviceLog: ServiceLog;
  everyMs?: number;
}

export interface DatabaseWatch {
  /** Takes the last sample, stores all and closes the connection. Rejects only when the store cannot keep them. */
  finish(): Promise<{ evidence: EvidenceRef[]; facts: Fact[] }>;
  /** Closes the connection and stores nothing; harmless after finish. */
  stop(): void;
}

/** Short enough for waits that break a limit of some hundred milliseconds; costs the server one short query. */
const EVERY_MS = 500;
/** One hour. */
const MAX_SAMPLES = 7_200;

/**
 * A hidden session counts while it holds a transaction, which every role can see in pg_locks; an idle one does not matter.
 * One without a role is autovacuum, not a session of the service.
 */
const ACTIVITY = `
  WITH ${QUERY_NAME} AS (SELECT * FROM pg_stat_activity)
  SELECT pid, state, wait_event_type AS "waitEventType", wait_event AS "waitEvent",
    greatest(0, extract(epoch FROM clock_timestamp() - CASE state WHEN 'active' THEN query_start ELSE state_change END) * 1000)::float8 AS "runsMs",
    query AS statement,
    CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS "blockedBy"
  FROM ${QUERY_NAME}
  WHERE datname = current_database() AND application_name <> 'tminus' AND (backend_type = 'client backend' AND state <> 'idle'
    OR query = '${HIDDEN_TEXT}' AND usesysid IS NOT NULL AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND granted))`;

/** A session as read: a hidden one has no state. */
type SeenSession = Omit<ActiveSession, 'state'> & { state: string | null };

/** Starts sampling. What cannot be read becomes a fact at the end; the load test continues. */
export function watchDatabase({ store, name, url, serviceLog, everyMs = EVERY_MS }: WatchOptions): DatabaseWatch {
  const samples: ActivitySample[] = [];
  const from = new Date();
  const opened = parserReady.then(() => connect(url)).catch(reasonOf);
  const begun = opened.then<BegunStatements | string>((client) => (typeof client === 'string' ? client : beginStatements(client)));
  let sampling: Promise<void> | null = null;
  const timer = setInterval(() => void (sampling ??= sample().finally(() => (sampling = null))), everyMs);

  async function sample(): Promise<void> {
    if (samples.length >= MAX_SAMPLES) return;
    const client = await opened;
    const at = new Date().toISOString();
    const sessions =
      typeof client === 'string' ? client : await client.query<SeenSession>(ACTIVITY).then(({ rows }) => read(rows), reasonOf);
    samples.push(typeof sessions === 'string' ? { at, unread: sessions, sessions: [] } : { at, unread: null, sessions });
  }

  async function end(): Promise<Client | string> {
    clearInterval(timer);
    const client = await opened;
    await sampling;
    return client;
  }

  return {
    async finish() {
      const client = await end();
      const { plans, ...found } = await findStatements(await begun, () => serviceLog(from));
      const record: StatementsRecord = { database: name, from: from.toISOString(), to: new Date().toISOString(), ...found };
      if (typeof client !== 'string') await client.end().catch(() => undefined);
      const source = `database ${name}`;
      const lines = samples.map((each) => `${JSON.stringify(each)}\n`).join('');
      const evidence = [
        await store.put({ kind: 'lock-waits', mediaType: 'application/x-ndjson', source }, new TextEncoder().encode(lines)),
        await store.put(
          { kind: 'slow-statements', mediaType: 'application/json', source },
          new TextEncoder().encode(`${JSON.stringify(record)}\n`),
        ),
      ];
      for (const plan of plans)
        evidence.push(await store.put({ kind: 'query-plan', mediaType: 'application/json', source }, new TextEncoder().encode(plan)));
      const unread = record.unread ?? samples.find((each) => each.unread !== null)?.unread ?? null;
      const messages = [...(unread === null ? [] : [`incomplete: ${unread}`]), sourceText(record) ?? []].flat();
      return { evidence, facts: messages.map((text) => ({ subject: source, text, values: {} })) };
    },
    stop() {
      void end().then((client) => (typeof client === 'string' ? undefined : client.end().catch(() => undefined)));
    },
  };
}

/** The sessions of a sample; the reason when some are hidden, because a waiting session may be among them. */
function read(rows: readonly SeenSession[]): ActiveSession[] | string {
  const sessions: ActiveSession[] = [];
  for (const { state, statement, ...rest } of rows) {
    if (state === null) return hiddenMessage('sessions');
    if (state === 'disabled') return 'sessions report no activity (track_activities is off)';
    sessions.push({ state, statement: normalised(statement), ...rest });
  }
  return sessions;
}
