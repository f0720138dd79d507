// Asks PostgreSQL how it executes a statement, safely: reads are executed in a read-only transaction with a time limit, everything else is
// only planned. Statements are kept without their values, so values that are common in the columns stand for them; the plan is the generic
// one, which is what a prepared statement runs after five calls.
import { setTimeout as wait } from 'node:timers/promises';
import { DatabaseError, escapeIdentifier, type Client } from 'pg';
import type { IndexProposal } from '../../analysis/postgres/missing-index.ts';
import type { ParametersTold } from '../../analysis/postgres/plan.ts';
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
 * sentence where the time is over.
 */
export async function proveIndex(url: string, statement: string, proposal: IndexProposal): Promise<IndexTrial> {
  const client = await connect(url, { statementTimeoutMs: PROVE_WITHIN_MS, readOnly: false });
  const endsAtMs = performance.now() + PROVE_WITHIN_MS;
  const table = escapeIdentifier(proposal.relation);
  const within = async (limitMs: number): Promise<void> => {
    const leftMs = Math.min(limitMs, Math.ceil(endsAtMs - performance.now()));
    if (leftMs <= 0) throw new Error(`the trial on a copy took longer than ${PROVE_WITHIN_MS / 1_000} s`);
    await client.query(`SET LOCAL statement_timeout = ${leftMs}`);
  };
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
    const { rows: schemas } = await client.query<{ schema: string }>(
      'SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE oid = to_regclass($1)',
      [table],
    );
    const schema = schemas[0]?.schema;
    if (schema === undefined) throw new Error(`there is no table ${proposal.relation} on the search path`);
    // Of one name, the temporary table hides the real one from the statement.
    const { rowCount } = await client.query(
      `CREATE TEMP TABLE ${table} ON COMMIT DROP AS SELECT * FROM ${schema}.${table} LIMIT ${COPY_ROWS}`,
    );
    await within(PROVE_WITHIN_MS);
    await client.query(`ANALYZE ${table}`);
    const parameters = await sampleValues(client, statement);
    const before = await tried(client, statement, parameters, within);
    await within(PROVE_WITHIN_MS);
    await client.query(`CREATE INDEX ON ${table} (${proposal.columns.map(escapeIdentifier).join(', ')})`);
    await client.query(`ANALYZE ${table}`);
    const after = await tried(client, statement, parameters, within);
    return { before: before.plan, after: after.plan, beforeMs: before.tookMs, afterMs: after.tookMs, rows: rowCount ?? 0 };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}

/**
 * Executions of a statement that is run as a reader only, inside a transaction that may write: a function it calls changes nothing. The plan
 * is that of the execution with the median time.
 */
async function tried(
  client: Client,
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
    const plan = await executed(client, statement, parameters);
    await client.query('ROLLBACK TO SAVEPOINT reading');
    runs.push({ plan, tookMs: plan[0]?.['Execution Time'] ?? 0 });
  }
  const [, ...warm] = runs;
  const sorted = warm.sort((a, b) => a.tookMs - b.tookMs);
  const { plan } = sorted[(sorted.length - 1) >> 1] as { plan: StoredPlan };
  return { plan, tookMs: runs.map(({ tookMs }) => tookMs) };
}

async function planned(client: Client, statement: string): Promise<StoredPlan> {
  const nulls = Array.from({ length: parametersOf(statement) }, () => 'NULL');
  return (await planOf(client, statement, nulls, 'FORMAT JSON')).map((plan) => ({ 'Query Text': statement, ...plan }));
}

async function executed(client: Client, statement: string, { values, told }: SampledParameters): Promise<StoredPlan> {
  try {
    const plans = await planOf(client, statement, values, 'ANALYZE, BUFFERS, FORMAT JSON');
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
