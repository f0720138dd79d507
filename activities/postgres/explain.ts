// Asks PostgreSQL how it executes a statement, safely: reads are executed in a read-only transaction with a time limit, everything else is
// only planned. Statements are kept without their values, so values that are common in the columns stand for them; the plan is the generic
// one, which is what a prepared statement runs after five calls.
import { setTimeout as wait } from 'node:timers/promises';
import { DatabaseError, escapeIdentifier, type Client } from 'pg';
import type { IndexProposal } from '../../analysis/postgres/missing-index.ts';
import { ontoCopy, schemasOf } from '../../analysis/postgres/named-table.ts';
import { nodesOf, type ParametersTold } from '../../analysis/postgres/plan.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { onlyReads, parametersOf } from '../../analysis/postgres/statement.ts';
import { connect } from './connect.ts';
import { sampleValues, type SampledParameters } from './sample-values.ts';

const EXECUTE_WITHIN_MS = 5_000;
/** A copy of this many rows shows what an index does; more would cost the server more than the proof is worth. */
const COPY_ROWS = 1_000_000;
/** Copy, index and all executions together: a step explains three statements in ten minutes, and reads its evidence besides. */
const PROVE_WITHIN_MS = 90_000;
/** The first execution reads what no cache has yet and counts for nothing; the median of four is not moved by one that met a busy moment. */
const EXECUTIONS = 5;
/** Let go of the CPU between two questions: the service may be in use. */
const PAUSE_MS = 100;

/** A plan as EXPLAIN gives it in JSON, in its list of one, with the statement and what stood for its parameters beside it. */
export type StoredPlan = { 'Query Text': string; Parameters?: ParametersTold; 'Execution Time'?: number; [name: string]: unknown }[];

export interface IndexTrial {
  /** Of the executions without the index and with it, the one that took the median time. */
  before: StoredPlan;
  after: StoredPlan;
  /** Milliseconds of each execution, in their order; the first does not count. */
  beforeMs: number[];
  afterMs: number[];
  /** Of the copy. */
  rows: number;
}

/** The plan of one execution, or of none where the statement does not only read. Throws the server's error. */
export async function explain(url: string, statement: string): Promise<StoredPlan> {
  const client = await connect(url, { statementTimeoutMs: EXECUTE_WITHIN_MS });
  try {
    await client.query('BEGIN READ ONLY');
    await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
    if (!onlyReads(statement)) return await planned(client, statement);
    return await executed(client, statement, await sampleValues(client, statement));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * What the index does on a copy of the table in this session only, which is gone with its transaction. Throws the server's error, and a
 * sentence where the time is over or the copy is not what the statement reads.
 */
export async function proveIndex(url: string, statement: string, { relation, columns }: IndexProposal): Promise<IndexTrial> {
  const client = await connect(url, { statementTimeoutMs: PROVE_WITHIN_MS, readOnly: false });
  const endsAtMs = performance.now() + PROVE_WITHIN_MS;
  const copy = `pg_temp.${escapeIdentifier(relation)}`;
  const within = async (limitMs: number): Promise<void> => {
    const leftMs = Math.min(limitMs, Math.ceil(endsAtMs - performance.now()));
    if (leftMs <= 0) throw new Error(`the trial on a copy took longer than ${PROVE_WITHIN_MS / 1_000} s`);
    await client.query(`SET LOCAL statement_timeout = ${leftMs}`);
  };
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
    const table = await tableRead(client, statement, relation);
    const { rowCount } = await client.query(
      `CREATE TEMP TABLE ${escapeIdentifier(relation)} ON COMMIT DROP AS SELECT * FROM ${table} LIMIT ${COPY_ROWS}`,
    );
    // Of one name, the temporary table hides the real one from the statement, unless the role looks for temporary tables last.
    await client.query(`SELECT set_config('search_path', concat_ws(', ', 'pg_temp', nullif(current_setting('search_path'), '')), true)`);
    await within(PROVE_WITHIN_MS);
    await client.query(`ANALYZE ${copy}`);
    const onCopy = ontoCopy(statement, relation);
    const parameters = await sampleValues(client, onCopy);
    const run = () => tried(client, relation, onCopy, parameters, within);
    const before = await run();
    await within(PROVE_WITHIN_MS);
    await client.query(`CREATE INDEX ON ${copy} (${columns.map(escapeIdentifier).join(', ')})`);
    await client.query(`ANALYZE ${copy}`);
    const after = await run();
    return { before: before.plan, after: after.plan, beforeMs: before.tookMs, afterMs: after.tookMs, rows: rowCount ?? 0 };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}

/** The table that the statement means by this name, with its schema, as SQL. Throws a sentence where that is none, or not one. */
async function tableRead(client: Client, statement: string, relation: string): Promise<string> {
  const names = schemasOf(statement, relation).map((schema) =>
    [...(schema === null ? [] : [schema]), relation].map(escapeIdentifier).join('.'),
  );
  if (names.length === 0) throw otherWay(relation);
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT DISTINCT n.nspname AS schema, c.relname AS name FROM unnest($1::text[]) AS each JOIN pg_class c ON c.oid = to_regclass(each)
      JOIN pg_namespace n ON n.oid = c.relnamespace`,
    [names],
  );
  const [table] = rows;
  if (table === undefined) throw new Error(`there is no table ${relation} on the search path`);
  if (rows.length > 1)
    throw new Error(`the statement reads two tables that are named ${relation}, so it cannot be told which one lacks the index`);
  return `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
}

const otherWay = (relation: string): Error =>
  new Error(`the statement reaches ${relation} through a view, a function or a partitioned table, where no copy can stand in for it`);

/**
 * Executions on the copy of a statement that is run as a reader only, inside a transaction that may write: a function it calls changes
 * nothing. The plan is that of the execution with the median time.
 */
async function tried(
  client: Client,
  relation: string,
  statement: string,
  parameters: SampledParameters,
  within: (limitMs: number) => Promise<void>,
): Promise<{ plan: StoredPlan; tookMs: number[] }> {
  const runs: { plan: StoredPlan; tookMs: number }[] = [];
  for (let run = 0; run < EXECUTIONS; run += 1) {
    await wait(PAUSE_MS);
    await client.query('SAVEPOINT reading');
    await within(EXECUTE_WITHIN_MS);
    await client.query('SET TRANSACTION READ ONLY');
    // VERBOSE tells the schema, so that the stored plan itself shows what it ran on.
    const plan = await executed(client, statement, parameters, 'ANALYZE, VERBOSE, BUFFERS, FORMAT JSON');
    await client.query('ROLLBACK TO SAVEPOINT reading');
    if (!isOnCopy(plan, relation)) throw otherWay(relation);
    runs.push({ plan, tookMs: plan[0]?.['Execution Time'] ?? 0 });
  }
  const [, ...warm] = runs;
  const sorted = warm.sort((a, b) => a.tookMs - b.tookMs);
  const { plan } = sorted[(sorted.length - 1) >> 1] as { plan: StoredPlan };
  return { plan, tookMs: runs.map(({ tookMs }) => tookMs) };
}

/** True where every table of this name in the plan is a temporary one: `pg_temp`, or before PostgreSQL 15 `pg_temp_3`. */
function isOnCopy(plan: StoredPlan, relation: string): boolean {
  const read = nodesOf(readPlan(new TextEncoder().encode(JSON.stringify(plan)))).filter((node) => node.relation === relation);
  return read.length > 0 && read.every(({ schema }) => /^pg_temp(?:_\d+)?$/u.test(schema ?? ''));
}

async function planned(client: Client, statement: string): Promise<StoredPlan> {
  const nulls = Array.from({ length: parametersOf(statement) }, () => 'NULL');
  return (await planOf(client, statement, nulls, 'FORMAT JSON')).map((plan) => ({ 'Query Text': statement, ...plan }));
}

async function executed(
  client: Client,
  statement: string,
  { values, told }: SampledParameters,
  options = 'ANALYZE, BUFFERS, FORMAT JSON',
): Promise<StoredPlan> {
  try {
    const plans = await planOf(client, statement, values, options);
    return plans.map((plan) => ({ 'Query Text': statement, ...(values.length === 0 ? {} : { Parameters: told }), ...plan }));
  } catch (error) {
    // The server's sentence would tell the value: a datum of a customer.
    if (error instanceof DatabaseError && error.code?.startsWith(DATA_EXCEPTION) === true)
      throw new Error(`with values from the columns it is compared with it fails (SQLSTATE ${error.code})`, { cause: error });
    throw error;
  }
}

/** Class of SQLSTATE: a value that does not fit. */
const DATA_EXCEPTION = '22';

async function planOf(
  client: Client,
  statement: string,
  values: readonly string[],
  options: string,
): Promise<{ [name: string]: unknown }[]> {
  await client.query('DEALLOCATE ALL');
  await client.query(`PREPARE tminus_explain AS ${statement}`);
  const call = values.length === 0 ? 'tminus_explain' : `tminus_explain(${values.join(', ')})`;
  const { rows } = await client.query<{ 'QUERY PLAN': { [name: string]: unknown }[] }>(`EXPLAIN (${options}) EXECUTE ${call}`);
  return rows[0]?.['QUERY PLAN'] ?? [];
}
