// Slow statements by the server's own log, read over SQL from where its files ended when the load began. The role needs pg_monitor
// (which files there are) and EXECUTE on pg_current_logfile and pg_read_binary_file, which PostgreSQL gives to superusers until it is granted.
import { posix } from 'node:path';
import { size } from '../../verdict/wording/index.ts';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { createLogReader, type LogEntry, type LogFormat } from '../../analysis/postgres/log-entries.ts';
import { createTally } from '../../analysis/postgres/logged-statements.ts';
import { reasonOf } from '../reason-of.ts';
import { OURS } from './ours.ts';
import type { FoundStatements } from './slow-statements.ts';

/** A server that logs each statement of 300 requests/s with its plan writes this in a minute: enough to know the slow ones by. */
const READ_LIMIT_BYTES = 64 * 1024 * 1024;
/** The verdict is due 5 s after the load. */
const READ_WITHIN_MS = 3_000;
/** A thousand statements at 0.3 ms each where no two are alike; heartbeats have their turn between two pieces. */
const PIECE_BYTES = 256 * 1024;
/** The collector reads from a pipe: what the last statement logged is in the file a moment later. */
const SETTLES_WITHIN_MS = 250;

/** Where the log's files ended. */
export interface LogMark {
  format: LogFormat;
  /** As PostgreSQL names it: relative to its data folder, or absolute. */
  folder: string;
  /** Like the current file's: `.json`. */
  ending: string;
  linePrefix: string;
  sizes: ReadonlyMap<string, number>;
}

const SETTINGS = `
  WITH ${OURS} AS (SELECT current_setting('log_destination') AS destination)
  SELECT destination, current_setting('logging_collector') AS collector, current_setting('log_line_prefix') AS "linePrefix",
    current_database() AS database, current_setting('log_min_duration_statement') AS statements,
    current_setting('log_min_duration_sample') AS sampled, current_setting('auto_explain.log_min_duration', true) AS plans
  FROM ${OURS}`;
const CURRENT = `WITH ${OURS} AS (SELECT pg_current_logfile($1) AS path) SELECT path FROM ${OURS}`;
const FILES = `WITH ${OURS} AS (SELECT * FROM pg_ls_logdir()) SELECT name, size::float8, modification FROM ${OURS} ORDER BY modification, name`;
const PIECE = `WITH ${OURS} AS (SELECT pg_read_binary_file($1, $2, $3) AS bytes) SELECT bytes FROM ${OURS}`;

interface Settings {
  destination: string;
  collector: string;
  linePrefix: string;
  database: string;
  statements: string;
  sampled: string;
  plans: string | null;
}

/** Where the log ends now, or why it cannot be read. */
export async function markLog(client: Client): Promise<LogMark | string> {
  try {
    const { destination, collector, linePrefix } = await settingsOf(client);
    if (collector === 'off') return 'the server keeps its log in no file (logging_collector is off)';
    const to = destination.split(',').map((each) => each.trim());
    // What says most first: the text form names the database only where its prefix does.
    const format = (['jsonlog', 'csvlog', 'stderr'] as const).find((each) => to.includes(each));
    if (format === undefined) return `the server logs to ${destination}, which no file holds`;
    const { rows } = await client.query<{ path: string | null }>(CURRENT, [format]);
    const path = rows[0]?.path ?? null;
    if (path === null) return `the server names no current file of its ${format}`;
    return { format, folder: posix.dirname(path), ending: posix.extname(path), linePrefix, sizes: await sizesOf(client) };
  } catch (error) {
    return reasonOf(error);
  }
}

/** What was logged since: statements of this database, the costliest first, and the plans auto_explain gave with them. A sentence where nothing is. */
export async function loggedSince(client: Client, mark: LogMark): Promise<FoundStatements | string> {
  await wait(SETTLES_WITHIN_MS);
  try {
    const settings = await settingsOf(client);
    const tally = createTally({ database: settings.database, own: OURS });
    const bounds = await readAll(client, mark, tally.entry);
    // Whether anything could be logged at all: roles and databases may have settings of their own, so what was found counts for more.
    const on = [settings.statements, settings.sampled, settings.plans].some((limit) => limit !== null && !limit.startsWith('-'));
    if (!on && !tally.any()) return 'neither auto_explain nor log_min_duration_statement is on';
    const { statements, plans, ofAnyDatabase, bare, unread } = tally.result();
    const told: [number, string][] = [
      [ofAnyDatabase, 'do not say their database and may be of another (log_line_prefix has no %d)'],
      [bare, 'stand without their statement'],
      [unread, 'have a plan that is cut off, or neither JSON nor text'],
    ];
    return {
      statements,
      plans,
      bounds: [...bounds, ...told.filter(([count]) => count > 0).map(([count, what]) => `${count} logged executions ${what}`)],
    };
  } catch (error) {
    return reasonOf(error);
  }
}

/** Hands on every entry since the mark, of the file that was current then and of those that took its place. Answers what was not read. */
async function readAll(client: Client, mark: LogMark, each: (entry: LogEntry) => void): Promise<string[]> {
  const endsAtMs = performance.now() + READ_WITHIN_MS;
  const sizes = await sizesOf(client);
  let [unreadBytes, leftBytes, damaged] = [0, READ_LIMIT_BYTES, 0];
  for (const [name, sizeBytes] of sizes) {
    if (posix.extname(name) !== mark.ending) continue;
    const before = mark.sizes.get(name) ?? 0;
    // A file that is smaller than it was begins anew: log_truncate_on_rotation.
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
    ...(unreadBytes > 0 ? [`${size(unreadBytes)} of ${size(unreadBytes + READ_LIMIT_BYTES - leftBytes)} of the log were not read`] : []),
    ...(gone > 0 ? [`${gone} ${gone === 1 ? 'file' : 'files'} of the log went away while the load ran`] : []),
    ...(damaged > 0 ? [`${damaged} entries of the log are damaged`] : []),
  ];
}

/** The log's files, the one written last at the end. */
async function sizesOf(client: Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; size: number }>(FILES);
  return new Map(rows.map(({ name, size }) => [name, size]));
}

async function settingsOf(client: Client): Promise<Settings> {
  const { rows } = await client.query<Settings>(SETTINGS);
  return rows[0] as Settings;
}
