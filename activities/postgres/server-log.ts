// Slow statements from the server log, read over SQL from the position at the start of the load. The role needs pg_monitor (to list the files)
// and EXECUTE on pg_current_logfile and pg_read_binary_file, which only superusers have by default.
import { posix } from 'node:path';
import { size } from '../../verdict/wording/index.ts';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { createLogReader, type LogEntry, type LogFormat } from '../../analysis/postgres/log-entries.ts';
import { createTally } from '../../analysis/postgres/logged-statements.ts';
import type { StatementCost } from '../../analysis/postgres/records.ts';
import { reasonOf } from '../reason-of.ts';
import { QUERY_NAME } from './connect.ts';

export interface FoundStatements {
  /** The costliest first. */
  statements: StatementCost[];
  /** Plans logged with them, unparsed. */
  plans: string[];
  /** Why the list is incomplete. */
  bounds: string[];
}

/** One minute of a server that logs every statement of 300 requests/s with its plan: enough to find the slow ones. */
const MAX_READ_BYTES = 64 * 1024 * 1024;
/** The verdict is due 5 s after the load. */
const READ_TIMEOUT_MS = 3_000;
/** About a thousand statements, 0.3 ms each when all differ; heartbeats run between two pieces. */
const PIECE_BYTES = 256 * 1024;
/** The log collector reads from a pipe and writes the last lines with a delay. */
const FLUSH_DELAY_MS = 250;

/** End of each log file. */
export interface LogMark {
  format: LogFormat;
  /** As PostgreSQL reports it: absolute, or relative to its data directory. */
  folder: string;
  /** Extension of the current file: `.json`. */
  ending: string;
  linePrefix: string;
  sizes: ReadonlyMap<string, number>;
}

const SETTINGS = `
  WITH ${QUERY_NAME} AS (SELECT current_setting('log_destination') AS destination)
  SELECT destination, current_setting('logging_collector') AS collector, current_setting('log_line_prefix') AS "linePrefix",
    current_database() AS database, current_setting('log_min_duration_statement') AS statements,
    current_setting('log_min_duration_sample') AS sampled, current_setting('auto_explain.log_min_duration', true) AS plans
  FROM ${QUERY_NAME}`;
const CURRENT = `WITH ${QUERY_NAME} AS (SELECT pg_current_logfile($1) AS path) SELECT path FROM ${QUERY_NAME}`;
const FILES = `WITH ${QUERY_NAME} AS (SELECT * FROM pg_ls_logdir()) SELECT name, size::float8, modification FROM ${QUERY_NAME} ORDER BY modification, name`;
const PIECE = `WITH ${QUERY_NAME} AS (SELECT pg_read_binary_file($1, $2, $3) AS bytes) SELECT bytes FROM ${QUERY_NAME}`;

interface Settings {
  destination: string;
  collector: string;
  linePrefix: string;
  database: string;
  statements: string;
  sampled: string;
  plans: string | null;
}

/** The current end of the log, or the reason why it cannot be read. */
export async function markLog(client: Client): Promise<LogMark | string> {
  try {
    const { destination, collector, linePrefix } = await settingsOf(client);
    if (collector === 'off') return 'the server does not log to files (logging_collector is off)';
    const to = destination.split(',').map((each) => each.trim());
    // The most detailed first: text has the database name only if log_line_prefix adds it.
    const format = (['jsonlog', 'csvlog', 'stderr'] as const).find((each) => to.includes(each));
    if (format === undefined) return `the server logs to ${destination}, not to a file`;
    const { rows } = await client.query<{ path: string | null }>(CURRENT, [format]);
    const path = rows[0]?.path ?? null;
    if (path === null) return `the server reports no current ${format} file`;
    return { format, folder: posix.dirname(path), ending: posix.extname(path), linePrefix, sizes: await sizesOf(client) };
  } catch (error) {
    return reasonOf(error);
  }
}

/** Statements of this database logged since the mark, with the plans of auto_explain; the reason when there are none. */
export async function loggedSince(client: Client, mark: LogMark): Promise<FoundStatements | string> {
  await wait(FLUSH_DELAY_MS);
  try {
    const settings = await settingsOf(client);
    const tally = createTally({ database: settings.database, own: QUERY_NAME });
    const bounds = await readAll(client, mark, tally.entry);
    // Roles and databases may override these settings, so a logged statement counts more than them.
    const on = [settings.statements, settings.sampled, settings.plans].some((limit) => limit !== null && !limit.startsWith('-'));
    if (!on && !tally.any()) return 'neither auto_explain nor log_min_duration_statement is on';
    const { statements, plans, ofAnyDatabase, unnamed, unread } = tally.result();
    const gaps: [number, string][] = [
      [ofAnyDatabase, 'have no database name and may belong to another database (log_line_prefix has no %d)'],
      [unnamed, 'have no statement text'],
      [unread, 'have a plan that is truncated, or neither JSON nor text'],
    ];
    return {
      statements,
      plans,
      bounds: [...bounds, ...gaps.filter(([count]) => count > 0).map(([count, what]) => `${count} logged executions ${what}`)],
    };
  } catch (error) {
    return reasonOf(error);
  }
}

/** Passes on every entry since the mark, from the file of that time and its successors. Returns what was not read. */
async function readAll(client: Client, mark: LogMark, each: (entry: LogEntry) => void): Promise<string[]> {
  const endsAtMs = performance.now() + READ_TIMEOUT_MS;
  const sizes = await sizesOf(client);
  let [unreadBytes, leftBytes, damaged] = [0, MAX_READ_BYTES, 0];
  for (const [name, sizeBytes] of sizes) {
    if (posix.extname(name) !== mark.ending) continue;
    const before = mark.sizes.get(name) ?? 0;
    // A file that shrank was truncated: log_truncate_on_rotation.
    let at = before > sizeBytes ? 0 : before;
    const reader = createLogReader(mark.format, mark.linePrefix);
    const decoder = new TextDecoder();
    while (at < sizeBytes && leftBytes > 0 && performance.now() < endsAtMs) {
      const length = Math.min(PIECE_BYTES, leftBytes, sizeBytes - at);
      const { rows } = await client.query<{ bytes: Buffer }>(PIECE, [posix.join(mark.folder, name), at, length]);
      const bytes = rows[0]?.bytes ?? new Uint8Array();
      if (bytes.length === 0) break;
      reader.push(decoder.decode(bytes, { stream: true })).forEach(each);
      at += bytes.length;
      leftBytes -= bytes.length;
    }
    reader.end().forEach(each);
    unreadBytes += sizeBytes - at;
    damaged += reader.damaged();
  }
  const gone = [...mark.sizes.keys()].filter((name) => posix.extname(name) === mark.ending && !sizes.has(name)).length;
  return [
    ...(unreadBytes > 0
      ? [`${size(unreadBytes)} of ${size(unreadBytes + MAX_READ_BYTES - leftBytes)} of the server log were not read`]
      : []),
    ...(gone > 0 ? [`${gone} log ${gone === 1 ? 'file was' : 'files were'} removed during the load test`] : []),
    ...(damaged > 0 ? [`${damaged} log ${damaged === 1 ? 'entry is' : 'entries are'} damaged`] : []),
  ];
}

/** Log files with their sizes, the newest last. */
async function sizesOf(client: Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; size: number }>(FILES);
  return new Map(rows.map(({ name, size }) => [name, size]));
}

async function settingsOf(client: Client): Promise<Settings> {
  const { rows } = await client.query<Settings>(SETTINGS);
  return rows[0] as Settings;
}
