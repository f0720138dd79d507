// Plans of slow statements against a real PostgreSQL: with values that occur, told where they are not known, and without a trace on the server.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { describePlan } from '../../analysis/postgres/describe.ts';
import { missingIndexes } from '../../analysis/postgres/missing-index.ts';
import { nodesOf, type Plan } from '../../analysis/postgres/plan.ts';
import { readIndexProof } from '../../analysis/postgres/read-proof.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { parserReady } from '../../analysis/postgres/statement.ts';
import { explain, proveIndex } from './explain.ts';
import { startOwnPostgres, type OwnPostgres } from '../testing/own-postgres.ts';

jest.setTimeout(120_000);

const ROWS = 200_000;
let server: OwnPostgres;
let owner: Client;

beforeAll(async () => {
  await parserReady;
  // One scan, one plan: workers would only make it another one on a busy machine.
  server = await startOwnPostgres({ max_parallel_workers_per_gather: '0', jit: 'off' });
  owner = new Client({ connectionString: server.url });
  await owner.connect();
  await owner.query(`CREATE TABLE orders AS SELECT n AS id, 'customer-' || n % 5000 AS customer, timestamptz '2026-01-01' + n * interval '1 s' AS at,
    repeat('x', 60) AS note, n % 3 AS state FROM generate_series(1, ${ROWS}) AS n`);
  await owner.query('CREATE TABLE customers AS SELECT DISTINCT customer AS name, 1 AS state FROM orders');
  await owner.query('CREATE TABLE fresh AS SELECT * FROM orders LIMIT 50');
  await owner.query('CREATE SCHEMA archive; CREATE TABLE archive.orders AS SELECT * FROM orders UNION ALL SELECT * FROM orders');
  await owner.query('CREATE VIEW order_view AS SELECT * FROM orders; CREATE TABLE parted (LIKE orders) PARTITION BY LIST (state)');
  await owner.query('CREATE TABLE part PARTITION OF parted DEFAULT; INSERT INTO parted SELECT * FROM orders');
  await owner.query('ANALYZE orders; ANALYZE customers; ANALYZE archive.orders; ANALYZE parted');
});
afterAll(async () => {
  await owner?.end();
  await server?.stop();
});

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const planOf = async (statement: string): Promise<Plan> => readPlan(bytesOf(await explain(server.url, statement)));
const scanOf = (plan: Plan, relation = 'orders') => nodesOf(plan).find((node) => node.relation === relation);

const SLOW = 'SELECT count(*), coalesce(sum(id), $2) FROM orders WHERE customer = $1';

describe('a statement kept without its values', () => {
  it('is executed with a value that its column holds, which the plan does not tell', async () => {
    const stored = await explain(server.url, SLOW);
    const plan = readPlan(bytesOf(stored));
    expect(plan.parameters).toEqual({ sampled: [1], guessed: [], unknown: [] });
    expect(scanOf(plan)).toMatchObject({ actualRows: ROWS / 5_000, rowsRemoved: ROWS - ROWS / 5_000 });
    expect(JSON.stringify(stored)).not.toMatch(/customer-\d/);
    expect(missingIndexes(plan)).toMatchObject([{ columns: ['customer'] }]);
  });

  it.each([
    ['lists', 'SELECT * FROM orders WHERE customer IN ($1, $2)', { sampled: [1, 2], guessed: [], unknown: [] }, 80],
    ['arrays', 'SELECT * FROM orders WHERE customer = ANY($1)', { sampled: [1], guessed: [], unknown: [] }, 40],
    ['ranges', 'SELECT * FROM orders WHERE at >= $1 AND at < $2', { sampled: [], guessed: [1, 2], unknown: [] }, ROWS / 10],
    [
      'tables that are joined',
      'SELECT 1 FROM customers c JOIN orders o ON o.customer = c.name WHERE c.name = $1 LIMIT $2',
      { sampled: [1], guessed: [2], unknown: [] },
      null,
    ],
    ['tables without statistics', 'SELECT * FROM fresh WHERE $1 = id', { sampled: [1], guessed: [], unknown: [] }, null],
  ])('takes values for %s', async (_, statement, parameters, rows) => {
    const plan = await planOf(statement);
    expect(plan.parameters).toEqual(parameters);
    if (rows !== null) expect(Math.abs((scanOf(plan)?.actualRows ?? 0) / rows - 1)).toBeLessThan(0.05);
    expect(plan.root.actualRows).toBeGreaterThan(0);
  });

  it.each([
    ['no column tells', 'SELECT count(*) FROM orders WHERE length(customer) = $1', [1]],
    ['a pattern hides', 'SELECT count(*) FROM orders WHERE customer LIKE $1', [1]],
    ['two tables might mean', 'SELECT count(*) FROM orders WHERE state = $1 AND customer IN (SELECT name FROM customers)', [1]],
  ])('is marked where its parameter is one that %s: only the shape is told, and no index is proposed', async (_, statement, unknown) => {
    const plan = await planOf(statement);
    expect(plan.parameters?.unknown).toEqual(unknown);
    expect(missingIndexes(plan)).toEqual([]);
    expect(describePlan(plan).facts.find(({ subject }) => subject === 'parameters')?.text).toMatch(
      /^\$1 unknown, so NULL: only the shape of the plan is that of the slow statement, not its rows and times/,
    );
  });

  it('is only planned where it writes, also in a function, and refused where it is none', async () => {
    const { executionMs, root, parameters } = await planOf('DELETE FROM orders WHERE id = $1');
    expect([root.type, executionMs, parameters]).toEqual(['ModifyTable', null, null]);
    await owner.query("CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'DELETE FROM orders RETURNING 1'");
    await expect(explain(server.url, 'SELECT sneak()')).rejects.toThrow('read-only transaction');
    await expect(explain(server.url, 'SELECT * FROM nowhere')).rejects.toThrow('relation "nowhere" does not exist');
  });

  it('quotes no value that does not fit its column, not even as a cause', async () => {
    const failed = explain(server.url, 'SELECT count(*) FROM orders WHERE customer = $1 AND ($1::text)::int > 0');
    const error = await failed.catch((cause: unknown) => cause as Error);
    expect(error).toMatchObject({ message: 'the statement fails with values sampled from its columns (SQLSTATE 22P02)' });
    expect((error as Error).cause).toBeUndefined();
  });
});

describe('an index on a copy', () => {
  const prove = async (statement: string, options = '') => {
    const [proposal] = missingIndexes(await planOf(statement));
    if (proposal === undefined) throw new Error('no index is proposed');
    return { sql: proposal.sql, trial: await proveIndex(`${server.url}${options}`, statement, proposal) };
  };

  it('is judged by the median of four executions each way, after one that warms up', async () => {
    const { sql, trial } = await prove(SLOW);
    expect([trial.rows, trial.beforeMs.length, trial.afterMs.length]).toEqual([ROWS, 5, 5]);
    const { beforeMs, afterMs } = readIndexProof(bytesOf({ statement: SLOW, sql, ...trial }));
    const sorted = (all: number[]) => all.slice(1).sort((a, b) => a - b);
    expect([beforeMs, afterMs]).toEqual([sorted(trial.beforeMs)[1], sorted(trial.afterMs)[1]]);
    expect(beforeMs).toBeGreaterThan(5 * afterMs);
    expect(nodesOf(readPlan(bytesOf(trial.after))).some(({ index }) => index !== null)).toBe(true);
  });

  it('leaves nothing behind: no index, no table, and the row that was there', async () => {
    await prove(SLOW);
    const { rows } = await owner.query<{ relname: string }>(
      "SELECT relname FROM pg_class WHERE relname LIKE 'orders%' AND relnamespace <> 'archive'::regnamespace OR relnamespace::regnamespace::text LIKE 'pg_temp%'",
    );
    expect(rows).toEqual([{ relname: 'orders' }]);
    expect((await owner.query('SELECT 1 FROM orders')).rowCount).toBe(ROWS);
  });

  it.each([
    ['names its schema', 'SELECT count(*) FROM "public"."orders" WHERE "public"."orders"."customer" = $1', ''],
    [
      'is of a role that searches temporary tables last',
      'SELECT count(*) FROM orders WHERE customer = $1',
      '?options=-csearch_path%3Dpublic,pg_temp',
    ],
    ['names a table that the search path does not have first', 'SELECT count(*) FROM archive.orders WHERE customer = $1', ''],
  ])('is what a statement reads that %s', async (_, statement, options) => {
    const { trial } = await prove(statement, options);
    const [before, after] = [readPlan(bytesOf(trial.before)), readPlan(bytesOf(trial.after))];
    expect(scanOf(before)).toMatchObject({ type: 'Seq Scan', schema: expect.stringMatching(/^pg_temp/) });
    expect(scanOf(after)?.schema).toMatch(/^pg_temp/);
    expect(nodesOf(after).some(({ index }) => index !== null)).toBe(true);
    expect(trial.rows).toBe(statement.includes('archive') ? 2 * ROWS : ROWS);
  });

  it.each([
    ['a view', 'SELECT count(*) FROM order_view WHERE customer = $1'],
    ['a view beside its name', 'SELECT count(*) FROM order_view v WHERE v.customer = $1 AND EXISTS (SELECT FROM orders)'],
    ['a partition', 'SELECT count(*) FROM parted WHERE customer = $1'],
  ])('proves nothing where the statement reads the table through %s, and says so', async (_, statement) => {
    await expect(prove(statement)).rejects.toThrow(
      /^the statement reads \w+ through a view, a function or a partitioned table, so it cannot run on a copy$/,
    );
  });

  it('is not tried where two tables go by the name', async () => {
    await expect(prove('SELECT count(*) FROM archive.orders a, orders o WHERE a.customer = $1 AND o.id = 7')).rejects.toThrow(
      'the statement reads two tables named orders; which one lacks the index is ambiguous',
    );
  });
});
