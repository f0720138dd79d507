// Asks PostgreSQL how it executes a statement, safely: reads are executed in a read-only transaction with a time limit, everything else is
// only planned. Parameters are unknown, so the generic plan is taken, which is what a prepared statement runs after five calls.
import { setTimeout as wait } from 'node:timers/promises';
import { escapeIdentifier, type Client } from 'pg';
import type { IndexProposal } from '../../analysis/postgres/missing-index.ts';
import { onlyReads, parametersOf } from '../../analysis/postgres/statement.ts';
import { connect } from './connect.ts';

const EXECUTE_WITHIN_MS = 5_000;
/** A copy of this many rows shows what an index does; more would cost the server more than the proof is worth. */
const COPY_ROWS = 1_000_000;
const COPY_WITHIN_MS = 60_000;
/** Let go of the CPU between two questions: the service may be in use. */
const PAUSE_MS = 100;

/** The plan as PostgreSQL gives it in JSON, with the statement beside it. Throws the server's error. */
export async function explain(url: string, statement: string): Promise<unknown> {
  const client = await connect(url, { statementTimeoutMs: EXECUTE_WITHIN_MS });
  try {
    await client.query('BEGIN READ ONLY');
    await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
    const nulls = Array.from({ length: parametersOf(statement) }, () => 'NULL');
    return await planOf(client, statement, nulls, onlyReads(statement));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Plans before and after the index on a copy of the table in this session only, which is gone with its transaction. Throws the server's error. */
export async function proveIndex(
  url: string,
  statement: string,
  proposal: IndexProposal,
): Promise<{ before: unknown; after: unknown; rows: number }> {
  const client = await connect(url, { statementTimeoutMs: COPY_WITHIN_MS, readOnly: false });
  const table = escapeIdentifier(proposal.relation);
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
    await client.query(`ANALYZE ${table}`);
    const values = await sampleValues(client, table, proposal, parametersOf(statement));
    await wait(PAUSE_MS);
    const before = await executed(client, statement, values);
    await client.query(`CREATE INDEX ON ${table} (${proposal.columns.map(escapeIdentifier).join(', ')})`);
    await client.query(`ANALYZE ${table}`);
    await wait(PAUSE_MS);
    const after = await executed(client, statement, values);
    return { before, after, rows: rowCount ?? 0 };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}

/** The plan of a statement that is run as a reader only, inside a transaction that may write: a function it calls changes nothing. */
async function executed(client: Client, statement: string, values: readonly string[]): Promise<unknown> {
  await client.query('SAVEPOINT reading');
  await client.query('SET TRANSACTION READ ONLY');
  const plan = await planOf(client, statement, values, true);
  await client.query('ROLLBACK TO SAVEPOINT reading');
  return plan;
}

/** Values that occur in the table, for the parameters compared with its columns; NULL for the others. */
async function sampleValues(client: Client, table: string, { comparisons }: IndexProposal, count: number): Promise<string[]> {
  const values = Array.from({ length: count }, () => 'NULL');
  for (const { column, parameter } of comparisons) {
    if (parameter === null) continue;
    const { rows } = await client.query<{ value: string | null }>(
      `SELECT quote_nullable(${escapeIdentifier(column)}) AS value FROM ${table} LIMIT 1 OFFSET 100`,
    );
    values[parameter - 1] = rows[0]?.value ?? 'NULL';
  }
  return values;
}

async function planOf(client: Client, statement: string, values: readonly string[], execute: boolean): Promise<unknown> {
  await client.query('DEALLOCATE ALL');
  await client.query(`PREPARE tminus_explain AS ${statement}`);
  const options = execute ? 'ANALYZE, BUFFERS, FORMAT JSON' : 'FORMAT JSON';
  const call = values.length === 0 ? 'tminus_explain' : `tminus_explain(${values.join(', ')})`;
  const { rows } = await client.query<{ 'QUERY PLAN': { [name: string]: unknown }[] }>(`EXPLAIN (${options}) EXECUTE ${call}`);
  return (rows[0]?.['QUERY PLAN'] ?? []).map((plan) => ({ 'Query Text': statement, ...plan }));
}
