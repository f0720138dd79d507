// Looks at a PostgreSQL server while a load runs: which statements cost what between its start and its end, and who waits for whom.
import type { Client } from 'pg';
import { normalised, parserReady } from '../../analysis/postgres/statement.ts';
import type { ActiveSession, ActivityLook, StatementsRecord } from '../../analysis/postgres/records.ts';
import { sourceSentence } from '../../analysis/postgres/source-sentence.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { reasonOf } from '../reason-of.ts';
import { connect } from './connect.ts';
import { HIDDEN_TEXT, hiddenSentence } from './hidden.ts';
import { OURS } from './ours.ts';
import { beginStatements, findStatements, type BegunStatements, type ServiceLog } from './slow-statements.ts';

export interface WatchOptions {
  store: EvidenceStore;
  /** Name in the environment file, for people. */
  name: string;
  url: string;
  /** Asked where neither the server's counters nor its log can be read. */
  serviceLog: ServiceLog;
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

/**
 * A hidden session counts where it is in a transaction, which pg_locks tells everybody: one that idles does nothing that is to be seen.
 * Without a role it is autovacuum, which is no session of a service.
 */
const ACTIVITY = `
  WITH ${OURS} AS (SELECT * FROM pg_stat_activity)
  SELECT pid, state, wait_event_type AS "waitEventType", wait_event AS "waitEvent",
    greatest(0, extract(epoch FROM clock_timestamp() - CASE state WHEN 'active' THEN query_start ELSE state_change END) * 1000)::float8 AS "runsMs",
    query AS statement,
    CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS "blockedBy"
  FROM ${OURS}
  WHERE datname = current_database() AND application_name <> 'tminus' AND (backend_type = 'client backend' AND state <> 'idle'
    OR query = '${HIDDEN_TEXT}' AND usesysid IS NOT NULL AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND granted))`;

/** A session as it came: without a state where it is hidden. */
type SeenSession = Omit<ActiveSession, 'state'> & { state: string | null };

/** Starts sampling. What cannot be read becomes a fact at the end; the load test continues. */
export function watchDatabase({ store, name, url, serviceLog, everyMs = EVERY_MS }: WatchOptions): DatabaseWatch {
  const looks: ActivityLook[] = [];
  const from = new Date();
  const opened = parserReady.then(() => connect(url)).catch(reasonOf);
  const begun = opened.then<BegunStatements | string>((client) => (typeof client === 'string' ? client : beginStatements(client)));
  let looking: Promise<void> | null = null;
  const timer = setInterval(() => void (looking ??= look().finally(() => (looking = null))), everyMs);

  async function look(): Promise<void> {
    if (looks.length >= LOOKS_LIMIT) return;
    const client = await opened;
    const at = new Date().toISOString();
    const sessions =
      typeof client === 'string' ? client : await client.query<SeenSession>(ACTIVITY).then(({ rows }) => read(rows), reasonOf);
    looks.push(typeof sessions === 'string' ? { at, unread: sessions, sessions: [] } : { at, unread: null, sessions });
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
      const { plans, ...found } = await findStatements(await begun, () => serviceLog(from));
      const record: StatementsRecord = { database: name, from: from.toISOString(), to: new Date().toISOString(), ...found };
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
      for (const plan of plans)
        evidence.push(await store.put({ kind: 'query-plan', mediaType: 'application/json', source }, new TextEncoder().encode(plan)));
      const unread = record.unread ?? looks.find((each) => each.unread !== null)?.unread ?? null;
      const told = [...(unread === null ? [] : [`not all could be seen: ${unread}`]), sourceSentence(record) ?? []].flat();
      return { evidence, facts: told.map((text) => ({ subject: source, text, values: {} })) };
    },
    stop() {
      void end().then((client) => (typeof client === 'string' ? undefined : client.end().catch(() => undefined)));
    },
  };
}

/** The sessions of a look; a sentence where some do not tell what they do, for who waits may be among them. */
function read(rows: readonly SeenSession[]): ActiveSession[] | string {
  const sessions: ActiveSession[] = [];
  for (const { state, statement, ...rest } of rows) {
    if (state === null) return hiddenSentence('sessions');
    if (state === 'disabled') return 'sessions do not say what they do (track_activities is off)';
    sessions.push({ state, statement: normalised(statement), ...rest });
  }
  return sessions;
}
