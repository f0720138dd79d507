import { beforeAll, describe, expect, test } from '@jest/globals';
import { databaseWaits } from './activity.ts';
import { describeActivity } from './describe-load.ts';
import { describePlan } from './describe.ts';
import { missingIndexes } from './missing-index.ts';
import { parametersOfStatement } from './parameters.ts';
import { nodesOf } from './plan.ts';
import { readPlan } from './read-plan.ts';
import { slowStatements } from './records.ts';
import { comparisonsOf, normalised, onlyReads, parametersOf, parserReady } from './statement.ts';

/** What each answers while the parser is not there: these lines run before anything could load it. */
const early = [() => onlyReads('SELECT 1'), () => normalised('SELECT 1'), () => comparisonsOf('(a = 1)')].map((ask) => {
  try {
    return ask();
  } catch (error) {
    return (error as Error).message;
  }
});
beforeAll(() => parserReady);

test('nothing is answered of a statement before the parser is there', () => {
  expect(early).toEqual(early.map(() => expect.stringContaining('not initialized')));
});

describe('a statement', () => {
  test.each([
    ['SELECT * FROM orders WHERE customer = 7', true],
    ['WITH recent AS (SELECT 1) SELECT * FROM recent', true],
    ['SELECT * FROM orders FOR UPDATE', false],
    ['SELECT 1 FROM (SELECT * FROM orders FOR SHARE) locked', false],
    ['SELECT * INTO copy FROM orders', false],
    ['WITH gone AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM gone', false],
    ['WITH new AS (INSERT INTO orders VALUES (1) RETURNING *) SELECT * FROM new', false],
    ['SELECT 1; DELETE FROM orders', false],
    ['UPDATE orders SET paid = true', false],
    ['SELECT nextval($1', false],
  ])('%s only reads: %s', (sql, reads) => expect(onlyReads(sql)).toBe(reads));

  test('shows no literal, whether the parser accepts it or not', () => {
    expect(normalised("SELECT *  FROM users\n WHERE email = 'a@b.example' AND age > 30")).toBe(
      'SELECT * FROM users WHERE email = $1 AND age > $2',
    );
    expect(normalised("SELECT * FROM users WHERE email = 'a''b' AND age > 30 AND (")).toBe(
      'SELECT * FROM users WHERE email = ? AND age > ? AND (',
    );
    expect(parametersOf('a = $2 and b = $11')).toBe(11);
    expect(normalised('')).toBe('');
  });

  test.each([
    ['SELECT ', 'f(', ')'],
    ['SELECT ', '(SELECT ', ')'],
    ['SELECT 1', ' + 1', ''],
    ['SELECT 1', ' UNION SELECT 1', ''],
  ])('that no person wrote (%s%s...) is text like any other', (before, each, after) => {
    const sql = `${before}${each.repeat(4_000)}7${after.repeat(4_000)}`;
    expect([onlyReads(sql), comparisonsOf(sql), parametersOfStatement(sql)]).toEqual([false, null, null]);
    expect(normalised(sql).length).toBe(2_000);
    expect(onlyReads('SELECT 1')).toBe(true);
  });

  test.each([
    ['SELECT * FROM orders WHERE customer = $1', [[1, 'equal', ['"orders"']]], [], []],
    [
      'SELECT 1 FROM a JOIN shop.b AS x ON x.k = a.k AND $2 > x.n WHERE a.k = $1',
      [
        [2, 'to', ['"shop"."b"']],
        [1, 'equal', ['"a"']],
      ],
      [],
      [],
    ],
    [
      'SELECT 1 FROM a, b WHERE k IN ($1, $2)',
      [
        [1, 'equal', ['"a"', '"b"']],
        [2, 'equal', ['"a"', '"b"']],
      ],
      [],
      [],
    ],
    [
      'SELECT 1 FROM a WHERE k = ANY($1::int[]) AND at BETWEEN $2 AND $3',
      [
        [1, 'one of', ['"a"']],
        [2, 'from', ['"a"']],
        [3, 'to', ['"a"']],
      ],
      [],
      [],
    ],
    ['SELECT coalesce(sum(x), $2) FROM a WHERE k = $1 ORDER BY x + $3 LIMIT $4', [[1, 'equal', ['"a"']]], [4], []],
    ['SELECT 1 FROM a WHERE k LIKE $1 AND at > now() - $2::interval AND lower(k) = $3', [], [], [1, 2, 3]],
    ['SELECT (SELECT count(*) FROM a WHERE f(k) = $1) FROM b', [], [], [1]],
    ['SELECT 1 FROM a x, b x WHERE x.k = $1', [], [], [1]],
    ['SELECT 1 FROM generate_series($1, 5) AS n', [], [], [1]],
  ] as const)(
    '%s tells of its parameters which columns they are compared with, which are limits, and which are unknown',
    (sql, ...expected) => {
      const found = parametersOfStatement(sql);
      expect([
        found?.compared.map(({ parameter, comparing, tables }) => [parameter, comparing, tables]),
        found?.limits,
        found?.unknown,
      ]).toEqual(expected);
    },
  );

  test.each([
    ['(customer = $1)', [['customer', 'equality', 1]]],
    ["((status)::text = 'paid'::text)", [['status', 'equality', null]]],
    [
      '((customer = $1) AND (at > $2))',
      [
        ['customer', 'equality', 1],
        ['at', 'range', 2],
      ],
    ],
    ['((customer = $1) OR (at > $2))', null],
    ["((customer = ANY ('{1,2}'::integer[])) AND (at > ANY ('{1,2}'::integer[])))", [['customer', 'equality', null]]],
    ['(lower(name) = $1)', null],
    ['((created_at)::date = $1)', null],
    ['((tags)::text[] = $1)', null],
    ['(a = b)', null],
    ['(a = lower(b))', null],
    ['(a IS DISTINCT FROM $1)', null],
  ])('an index could serve %s by %j', (condition, expected) => {
    expect(comparisonsOf(condition)?.map(({ column, kind, parameter }) => [column, kind, parameter]) ?? null).toEqual(expected);
  });
});

const node = (type: string) => ({
  'Node Type': type,
  'Relation Name': 'orders',
  'Startup Cost': 0,
  'Total Cost': 2_000,
  'Plan Rows': 10,
  'Plan Width': 40,
  'Actual Startup Time': 0.1,
  'Actual Total Time': 42,
  'Actual Rows': 10,
  'Actual Loops': 1,
  'Rows Removed by Filter': 99_990,
  Filter: '((customer = $1) AND (at > $2))',
});
const scan = (change: object = {}) =>
  new TextEncoder().encode(JSON.stringify([{ Plan: { ...node('Seq Scan'), ...change }, 'Planning Time': 0.2, 'Execution Time': 43 }]));
const below = (parent: object, child: object) => readPlan(scan({ ...parent, Plans: [child] }));

describe('a plan', () => {
  test('that throws nearly all of a table away lacks an index: equalities first, then one range', () => {
    const [proposal] = missingIndexes(readPlan(scan()));
    expect(proposal).toMatchObject({
      relation: 'orders',
      columns: ['customer', 'at'],
      sql: 'CREATE INDEX CONCURRENTLY ON orders (customer, at)',
      rowsRead: 100_000,
    });
    expect(proposal?.removedShare).toBeCloseTo(0.9999, 6);
    expect(proposal?.timeShare).toBeCloseTo(42 / 43, 6);
  });

  test('alone proves no cause: the index is proposed and nothing fails', () => {
    expect(describePlan(readPlan(scan())).findings).toMatchObject([{ code: 'IndexProposed', subject: 'orders', outcome: 'inconclusive' }]);
  });

  test('whose workers share a scan reads the table once, whose nested loop repeats it reads it each time', () => {
    const seq = { ...node('Seq Scan'), 'Actual Rows': 3, 'Rows Removed by Filter': 33_330, 'Actual Loops': 3 };
    const shared = (seqScan: object) => below({ ...node('Gather'), 'Workers Launched': 2, 'Actual Total Time': 42 }, seqScan);
    expect(missingIndexes(shared({ ...seq, 'Parallel Aware': true }))).toMatchObject([{ rowsRead: 99_999 }]);
    expect(missingIndexes(shared(seq))).toEqual([]);
    const small = { ...node('Seq Scan'), 'Actual Rows': 1, 'Rows Removed by Filter': 49, 'Actual Loops': 1_000, 'Actual Total Time': 0.04 };
    expect(missingIndexes(below({ ...node('Nested Loop'), 'Actual Total Time': 42 }, small))).toEqual([]);
  });

  test('with unknown parameters shows its shape, and proposes nothing', () => {
    const told = (unknown: number[]) => {
      const [plan] = JSON.parse(new TextDecoder().decode(scan())) as object[];
      return readPlan(new TextEncoder().encode(JSON.stringify([{ Parameters: { sampled: [1], guessed: [], unknown }, ...plan }])));
    };
    expect(missingIndexes(told([]))).toHaveLength(1);
    expect(missingIndexes(told([2]))).toEqual([]);
    expect(describePlan(told([2])).facts.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^\$2 unknown, so NULL: .*only the shape/),
    );
  });

  test.each([
    [
      'JSON',
      below(
        { ...node('Limit'), 'Temp Read Blocks': 300, 'Temp Written Blocks': 320 },
        { ...node('Materialize'), 'Temp Read Blocks': 300, 'Temp Written Blocks': 320, Plans: [node('Seq Scan')] },
      ),
    ],
    [
      'text',
      readPlan(
        new TextEncoder().encode(
          [
            'Limit  (cost=0.00..9.00 rows=1 width=4) (actual time=0.1..42.0 rows=1 loops=1)',
            '  Buffers: shared hit=5 read=2, temp read=300 written=320',
            '  ->  Materialize  (cost=0.00..9.00 rows=1 width=4) (actual time=0.1..42.0 rows=1 loops=1)',
            '        Buffers: shared hit=5 read=2, temp read=300 written=320',
            '        ->  Seq Scan on orders  (cost=0.00..9.00 rows=1 width=4) (actual time=0.1..42.0 rows=1 loops=1)',
            '              Buffers: shared hit=5 read=2',
          ].join('\n'),
        ),
      ),
    ],
  ])('tells the temporary blocks of its %s form, by the node that used them', (_, plan) => {
    expect(nodesOf(plan).map(({ type, spills, tempWritten }) => [type, spills, tempWritten ?? 0])).toEqual([
      ['Limit', false, 320],
      ['Materialize', true, 320],
      ['Seq Scan', false, 0],
    ]);
    expect(describePlan(plan).facts.find(({ subject }) => subject === 'spills')?.text).toBe(
      '1 node wrote to disk (2.5 MiB): more work_mem would keep them in memory',
    );
  });

  test('does not attribute the temporary blocks inside a CTE to the scan that reads it', () => {
    const temp = (written: number) => ({ 'Temp Read Blocks': 0, 'Temp Written Blocks': written });
    const cte = { ...node('Sort'), 'Subplan Name': 'CTE x', 'Sort Space Type': 'Disk', ...temp(50) };
    const scanning = (written: number) => ({ ...node('CTE Scan'), 'CTE Name': 'x', ...temp(written) });
    const spills = (written: number) =>
      nodesOf(readPlan(scan({ ...node('Aggregate'), ...temp(written), Plans: [cte, scanning(written)] }))).map((each) => each.spills);
    expect(spills(50)).toEqual([false, true, false]);
    expect(spills(60)).toEqual([false, true, true]);
  });

  test('counts the blocks of a pass where the plan contains them', () => {
    const blocks = (hit: number, loops: number) => ({ 'Shared Hit Blocks': hit, 'Shared Read Blocks': 0, 'Actual Loops': loops });
    expect(missingIndexes(readPlan(scan(blocks(999, 1))))).toEqual([]);
    expect(missingIndexes(readPlan(scan(blocks(1_000, 1))))).toHaveLength(1);
    expect(missingIndexes(readPlan(scan({ ...blocks(9_990, 10), 'Actual Total Time': 4.2 })))).toEqual([]);
  });

  test('reports rows that an index alone did not answer, with VACUUM as the hint', () => {
    const only = (fetches: number) => ({
      ...node('Index Only Scan'),
      'Actual Rows': 400,
      'Rows Removed by Filter': 100,
      'Actual Loops': 10,
      'Heap Fetches': fetches,
    });
    const told = (fetches: number) =>
      describePlan(below({ ...node('Nested Loop'), Filter: undefined, 'Rows Removed by Filter': 0 }, only(fetches)))
        .facts.filter(({ subject }) => subject === 'heap fetches')
        .map(({ text }) => text);
    expect(told(4_000)).toEqual(['4,000 of 5,000 rows of index-only scans were also fetched from orders: VACUUM of orders avoids that']);
    expect(told(400)).toEqual([]);
  });

  test('reports planning that takes longer than executing', () => {
    const told = (planning: number) =>
      describePlan(
        readPlan(new TextEncoder().encode(JSON.stringify([{ Plan: node('Seq Scan'), 'Planning Time': planning, 'Execution Time': 43 }]))),
      )
        .facts.filter(({ subject }) => subject === 'planning')
        .map(({ text }) => text);
    expect(told(120)).toEqual(['120 ms for 43 ms of execution: a prepared statement can reuse its plan']);
    expect(told(40)).toEqual([]);
  });

  test('without times weighs a scan by the planner’s costs', () => {
    const timeless = { 'Actual Total Time': undefined, 'Actual Startup Time': undefined };
    expect(missingIndexes(readPlan(scan(timeless)))).toMatchObject([{ timeShare: null }]);
    const cheap = { ...node('Seq Scan'), ...timeless };
    expect(missingIndexes(below({ ...node('Sort'), ...timeless, 'Total Cost': 200_000 }, cheap))).toEqual([]);
  });

  test.each([
    ['keeps more than a tenth of its rows', { 'Rows Removed by Filter': 50 }],
    ['reads a small table', { 'Actual Rows': 1, 'Rows Removed by Filter': 900 }],
    ['spends nine tenths of its time elsewhere', { 'Actual Total Time': 1.3 }],
    ['compares a date made of a time', { Filter: '((created_at)::date = $1)' }],
    ['filters by what no index serves', { Filter: '(lower(name) = $1)' }],
    [
      'was never run',
      { 'Actual Rows': undefined, 'Actual Loops': undefined, 'Actual Total Time': undefined, 'Actual Startup Time': undefined },
    ],
    ['has the index already', { 'Node Type': 'Index Scan', 'Index Name': 'orders_customer' }],
  ])('that %s lacks none', (_, change) => expect(missingIndexes(readPlan(scan(change)))).toEqual([]));
});

const cost = (statement: string, calls: number, totalMs: number) => ({
  statement,
  calls,
  totalMs,
  meanMs: totalMs / calls,
  rows: calls,
  blocksHit: 0,
  blocksRead: 0,
  tempBlocksWritten: 0,
});

test('selects the statements that are slow by themselves and costly in total, and no other', () => {
  const record = { database: 'shop', from: '', to: '', unread: null };
  const statements = [cost('slow', 100, 4_000), cost('often', 100_000, 3_000), cost('rare', 1, 100)];
  expect(slowStatements({ ...record, statements }).map(({ statement }) => statement)).toEqual(['slow']);
  expect(slowStatements({ ...record, statements: [] })).toEqual([]);
});

test('reports lock waits, and that sessions could not be sampled', () => {
  const session = (waitEventType: string | null, state = 'active') => ({
    pid: 1,
    state,
    waitEventType,
    waitEvent: null,
    runsMs: 5,
    statement: 'UPDATE stock',
    blockedBy: [],
  });
  const look = (sessions: ReturnType<typeof session>[], unread: string | null = null) => ({ at: '', unread, sessions });
  expect(databaseWaits([look([session('Lock'), session('Lock'), session('Lock'), session(null)]), look([], 'refused')])).toMatchObject({
    busy: 4,
    lockShare: 0.75,
    blockedStatement: 'UPDATE stock',
    samples: 1,
    unread: 1,
  });
  expect(databaseWaits([look([], 'refused')])).toBeNull();
  // That nobody waits is not said from the few looks that could be read; that somebody does is.
  expect(databaseWaits([look([session(null)]), look([], 'hidden'), look([], 'hidden')])).toBeNull();
  expect(databaseWaits([look([session('Lock')]), look([], 'hidden'), look([], 'hidden')])).toMatchObject({ lockShare: 1, unread: 2 });
});

test('reports sessions that keep a transaction open during other work, and after which statement', () => {
  const session = (state: string, runsMs: number, statement = 'UPDATE stock') => ({
    pid: 1,
    state,
    waitEventType: null,
    waitEvent: null,
    runsMs,
    statement,
    blockedBy: [],
  });
  const look = (...sessions: ReturnType<typeof session>[]) => ({ at: '', unread: null, sessions });
  const kept = [look(session('idle in transaction', 400), session('idle in transaction (aborted)', 150, 'SELECT 1')), look()];
  // Between two statements of a transaction lies the way to the service and back.
  const way = look(session('idle in transaction', 3), session('active', 900));
  const more = look(session('idle in transaction', 800));
  expect(databaseWaits([...kept, way, more])).toMatchObject({ busy: 1, idleInTransactionShare: 3 / 5, idleAfter: 'UPDATE stock' });
  expect(databaseWaits([way])).toMatchObject({ idleInTransactionShare: 0 });
  expect(describeActivity([...kept, way, more]).facts.map(({ text }) => text)).toContain(
    '60 % of the sessions kept a transaction open for 100 ms and more without a statement, most ' +
      'after "UPDATE stock": their connections serve no other request in the meantime',
  );
  expect(describeActivity([way]).facts).toHaveLength(1);
});

test('reports which samples of sessions could not be read, and why', () => {
  const read = { at: '', unread: null, sessions: [] };
  const hidden = { at: '', unread: 'hidden', sessions: [] };
  expect(describeActivity([read, read, hidden]).tables[0]?.notes).toEqual(['1 of 3 samples could not be read: hidden']);
  expect(describeActivity([read, hidden, hidden]).facts.map(({ text }) => text)).toEqual(['hidden']);
});
