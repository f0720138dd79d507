// Explains a statement without changing data: reads run in a read-only transaction with a time limit, everything else is only planned. Statements
// are stored without values, so common column values replace the parameters; the plan is the generic one that a prepared statement uses.
import { setTimeout as wait } from 'node:timers/promises';
import { DatabaseError, escapeIdentifier, type Client } from 'pg';
import type { IndexProposal } from '../../analysis/postgres/missing-index.ts';
import { ontoCopy, schemasOf } from '../../analysis/postgres/named-table.ts';
import { nodesOf, type ParameterSources } from '../../analysis/postgres/plan.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { onlyReads, parametersOf } from '../../analysis/postgres/statement.ts';
import { connect } from './connect.ts';
import { sampleValues, type SampledParameters } from './sample-values.ts';

const EXECUTE_TIMEOUT_MS = 5_000;
/** Enough rows to show what an index does; a larger copy would load the server. */
const COPY_ROWS = 1_000_000;
/** Copy, index and all executions: a step explains three statements in ten minutes and also reads its evidence. */
const PROVE_TIMEOUT_MS = 90_000;
/** The first execution fills the caches and is discarded; the median of the other four ignores one outlier. */
const EXECUTIONS = 5;
/** Leaves the CPU to the service between two queries. */
const PAUSE_MS = 100;

/** EXPLAIN's JSON, a list with one plan, plus the statement and the source of its parameters. */
export type StoredPlan = { 'Query Text': string; Parameters?: ParameterSources; 'Execution Time'?: number; [name: string]: unknown }[];

export interface IndexTrial {
  /** The executions with the median duration, without and with the index. */
  before: StoredPlan;
  after: StoredPlan;
  /** Duration of each execution, in order; the first is discarded. */
  beforeMs: number[];
  afterMs: number[];
  /** Of the copy. */
  rows: number;
}

/** The plan of one execution; of a statement that writes, the plan without an execution. Throws the server's error. */
export async function explain(url: string, statement: string): Promise<StoredPlan> {
  const client = await connect(url, { statementTimeoutMs: EXECUTE_TIMEOUT_MS });
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
 * Tries the index on a temporary copy of the table, in a transaction that is rolled back. Throws the server's error, and an error with the reason
 * when it times out or the statement does not read the copy.
 */
export async function proveIndex(url: string, statement: string, { relation, columns }: IndexProposal): Promise<IndexTrial> {
  const client = await connect(url, { statementTimeoutMs: PROVE_TIMEOUT_MS, readOnly: false });
  const endsAtMs = performance.now() + PROVE_TIMEOUT_MS;
  const copy = `pg_temp.${escapeIdentifier(relation)}`;
  const within = async (limitMs: number): Promise<void> => {
    const leftMs = Math.min(limitMs, Math.ceil(endsAtMs - performance.now()));
    if (leftMs <= 0) throw new Error(`the index trial timed out after ${PROVE_TIMEOUT_MS / 1_000} s`);
    await client.query(`SET LOCAL statement_timeout = ${leftMs}`);
  };
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
    const table = await tableRead(client, statement, relation);
    const { rowCount } = await client.query(
      `CREATE TEMP TABLE ${escapeIdentifier(relation)} ON COMMIT DROP AS SELECT * FROM ${table} LIMIT ${COPY_ROWS}`,
    );
    // A temporary table hides the real table of that name, unless pg_temp comes last in the search path.
    await client.query(`SELECT set_config('search_path', concat_ws(', ', 'pg_temp', nullif(current_setting('search_path'), '')), true)`);
    await within(PROVE_TIMEOUT_MS);
    await client.query(`ANALYZE ${copy}`);
    const onCopy = ontoCopy(statement, relation);
    const parameters = await sampleValues(client, onCopy);
    const run = () => measure({ client, relation, statement: onCopy, parameters, within });
    const before = await run();
    await within(PROVE_TIMEOUT_MS);
    await client.query(`CREATE INDEX ON ${copy} (${columns.map(escapeIdentifier).join(', ')})`);
    await client.query(`ANALYZE ${copy}`);
    const after = await run();
    return { before: before.plan, after: after.plan, beforeMs: before.tookMs, afterMs: after.tookMs, rows: rowCount ?? 0 };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}

/** The table that the statement reads under this name, as SQL with its schema. Throws when there is none, or more than one. */
async function tableRead(client: Client, statement: string, relation: string): Promise<string> {
  const names = schemasOf(statement, relation).map((schema) =>
    [...(schema === null ? [] : [schema]), relation].map(escapeIdentifier).join('.'),
  );
  if (names.length === 0) throw notOnCopy(relation);
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT DISTINCT n.nspname AS schema, c.relname AS name FROM unnest($1::text[]) AS each JOIN pg_class c ON c.oid = to_regclass(each)
      JOIN pg_namespace n ON n.oid = c.relnamespace`,
    [names],
  );
  const [table] = rows;
  if (table === undefined) throw new Error(`table ${relation} is not on the search path`);
  if (rows.length > 1) throw new Error(`the statement reads two tables named ${relation}; which one lacks the index is ambiguous`);
  return `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
}

const notOnCopy = (relation: string): Error =>
  new Error(`the statement reads ${relation} through a view, a function or a partitioned table, so it cannot run on a copy`);

interface Measured {
  client: Client;
  relation: string;
  statement: string;
  parameters: SampledParameters;
  within: (limitMs: number) => Promise<void>;
}

/** Executes the statement on the copy, read-only within the transaction that made the copy. Returns the plan with the median duration. */
async function measure({ client, relation, statement, parameters, within }: Measured): Promise<{ plan: StoredPlan; tookMs: number[] }> {
  const runs: { plan: StoredPlan; tookMs: number }[] = [];
  for (let run = 0; run < EXECUTIONS; run += 1) {
    await wait(PAUSE_MS);
    await client.query('SAVEPOINT reading');
    await within(EXECUTE_TIMEOUT_MS);
    await client.query('SET TRANSACTION READ ONLY');
    // VERBOSE prints the schema, so the stored plan shows that it ran on the copy.
    const plan = await executed(client, statement, parameters, 'ANALYZE, VERBOSE, BUFFERS, FORMAT JSON');
    await client.query('ROLLBACK TO SAVEPOINT reading');
    if (!isOnCopy(plan, relation)) throw notOnCopy(relation);
    runs.push({ plan, tookMs: plan[0]?.['Execution Time'] ?? 0 });
  }
  const [, ...warm] = runs;
  const sorted = warm.sort((a, b) => a.tookMs - b.tookMs);
  const { plan } = sorted[(sorted.length - 1) >> 1] as { plan: StoredPlan };
  return { plan, tookMs: runs.map(({ tookMs }) => tookMs) };
}

/** True when every table of this name in the plan is temporary: schema `pg_temp`, or `pg_temp_3` before PostgreSQL 15. */
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
  { values, sources }: SampledParameters,
  options = 'ANALYZE, BUFFERS, FORMAT JSON',
): Promise<StoredPlan> {
  try {
    const plans = await planOf(client, statement, values, options);
    return plans.map((plan) => ({ 'Query Text': statement, ...(values.length === 0 ? {} : { Parameters: sources }), ...plan }));
  } catch (error) {
    // The server's message quotes the value, which may be customer data.
    if (error instanceof DatabaseError && error.code?.startsWith(DATA_EXCEPTION) === true)
      // oxlint-disable-next-line eslint/preserve-caught-error -- loggers print causes
      throw new Error(`the statement fails with values sampled from its columns (SQLSTATE ${error.code})`);
    throw error;
  }
}

/** SQLSTATE class of a value that does not fit its column. */
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
