import { beforeAll, describe, expect, test } from '@jest/globals';
import { missingIndexes } from './missing-index.ts';
import { nodesOf, titleOf } from './plan.ts';
import { readPlan } from './read-plan.ts';
import { parserReady } from './statement.ts';
import { readTextPlan } from './text-plan.ts';

beforeAll(() => parserReady);

const FIGURES = '  (cost=0.00..5775.00 rows=40 width=8) (actual time=0.010..31.200 rows=40 loops=1)';
const scan = (of: string) =>
  readTextPlan(
    [`Seq Scan on ${of}${FIGURES}`, '  Filter: (customer = $1)', '  Rows Removed by Filter: 199960', 'Execution Time: 31.300 ms'].join(
      '\n',
    ),
  );

describe('the text form of a plan', () => {
  test.each([
    ['orders', null, 'orders', 'orders'],
    ['orders o', null, 'orders', 'orders'],
    ['public.orders', 'public', 'orders', 'public.orders'],
    ['public.orders "o p"', 'public', 'orders', 'public.orders'],
    ['"Orders" "Orders_1"', null, 'Orders', '"Orders"'],
    ['"user"', null, 'user', '"user"'],
    ['"my shop"."a ""b"" (c).d" x', 'my shop', 'a "b" (c).d', '"my shop"."a ""b"" (c).d"'],
  ])('names the table as %s, which an index is proposed for', (of, schema, relation, quoted) => {
    const plan = scan(of);
    expect(plan.root).toMatchObject({ type: 'Seq Scan', schema, relation });
    expect(missingIndexes(plan)).toMatchObject([{ relation, sql: `CREATE INDEX CONCURRENTLY ON ${quoted} (customer)` }]);
  });

  test('names its indexes without their quotes', () => {
    const of = (title: string) => readTextPlan(`${title}${FIGURES}`).root;
    expect(of('Index Scan using "Orders_customer idx" on public."Orders" o')).toMatchObject({
      type: 'Index Scan',
      index: 'Orders_customer idx',
      relation: 'Orders',
      schema: 'public',
    });
    expect(of('Bitmap Index Scan on "Orders.idx"')).toMatchObject({ index: 'Orders.idx', relation: null, schema: null });
    expect(of('CTE Scan on "Recent" r')).toMatchObject({ type: 'CTE Scan', cte: 'Recent' });
  });

  test('has a node for a scan of an extension, whose provider stands in parentheses', () => {
    const plan = readTextPlan(
      [
        `Custom Scan (ChunkAppend) on metrics m${FIGURES}`,
        `  ->  Seq Scan on _hyper_1_1_chunk${FIGURES}`,
        `  ->  Parallel Custom Scan (DecompressChunk) on _hyper_1_2_chunk${FIGURES}`,
        '        ->  Seq Scan on compress_2  (cost=0.00..1.00 rows=1 width=8) (never executed)',
      ].join('\n'),
    );
    expect(nodesOf(plan).map((node) => [titleOf(node), node.parallel])).toEqual([
      ['Custom Scan (ChunkAppend) on metrics', false],
      ['Seq Scan on _hyper_1_1_chunk', false],
      ['Parallel Custom Scan (DecompressChunk) on _hyper_1_2_chunk', true],
      ['Seq Scan on compress_2', false],
    ]);
    expect(nodesOf(plan).at(-1)?.loops).toBe(0);
  });

  test('is read at once, however many quotes a condition has', () => {
    const { root } = readTextPlan([`Seq Scan on orders${FIGURES}`, `  Filter: (note = '${'""'.repeat(5_000)}"')`].join('\n'));
    expect(root.conditions['Filter']).toHaveLength(10_000 + "(note = '\"')".length);
  });

  test('is the same as the JSON form for a scan of an extension', () => {
    const json = {
      Plan: { 'Node Type': 'Custom Scan', 'Custom Plan Provider': 'ChunkAppend', 'Relation Name': 'metrics', Schema: 'public' },
    };
    const { root } = readPlan(new TextEncoder().encode(JSON.stringify([json])));
    expect([titleOf(root), root.schema]).toEqual(['Custom Scan (ChunkAppend) on metrics', 'public']);
  });
});

test.each([
  ['SELECT 1 FROM archive.orders WHERE customer = $1', 'archive.orders'],
  ['SELECT 1 FROM archive.orders a, public.orders b WHERE a.customer = $1', 'orders'],
  ['SELECT 1 FROM order_view WHERE customer = $1', 'orders'],
])('proposes an index for the table that the statement names: %s', (statement, table) => {
  expect(missingIndexes({ ...scan('orders'), statement })).toMatchObject([{ sql: `CREATE INDEX CONCURRENTLY ON ${table} (customer)` }]);
});
