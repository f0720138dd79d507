import { beforeAll, expect, test } from '@jest/globals';
import { parserReady } from '../../analysis/postgres/statement.ts';
import { costsBetween, type Counted, type StatementCounts } from './statement-counts.ts';

beforeAll(() => parserReady);

const counted = (id: string, calls: number, totalMs: number): Counted => ({
  id,
  statement: `SELECT ${id} FROM t WHERE n = 7`,
  calls,
  totalMs,
  rows: 10 * calls,
  blocksHit: calls,
  blocksRead: 0,
  tempBlocksWritten: 0,
});

const seen = (counted: Counted[], hidden: string[] = []): StatementCounts => ({ counted, hidden });

test('reports the cost of each statement between two samples, the costliest first, without uncalled ones', () => {
  const before = [counted('a', 10, 100), counted('b', 5, 50)];
  const after = [counted('a', 12, 400), counted('b', 5, 50), counted('c', 100, 1_000)];
  expect(costsBetween(seen(before), seen(after))).toEqual([
    {
      statement: 'SELECT c FROM t WHERE n = $1',
      calls: 100,
      totalMs: 1_000,
      meanMs: 10,
      rows: 1_000,
      blocksHit: 100,
      blocksRead: 0,
      tempBlocksWritten: 0,
    },
    {
      statement: 'SELECT a FROM t WHERE n = $1',
      calls: 2,
      totalMs: 300,
      meanMs: 150,
      rows: 20,
      blocksHit: 2,
      blocksRead: 0,
      tempBlocksWritten: 0,
    },
  ]);
});

test('counts from zero when the counters were reset between the samples', () => {
  expect(costsBetween(seen([counted('a', 100, 900)]), seen([counted('a', 3, 30)]))).toMatchObject([{ calls: 3, totalMs: 30, meanMs: 10 }]);
});

test.each([
  ['ran', ['4/9.5'], ['5/12']],
  ['are new', [], ['1/3']],
  ['are gone, and may have run before', ['4/9.5'], []],
])('lays no cost to any statement where hidden ones %s', (_, before, after) => {
  expect(costsBetween(seen([counted('a', 1, 1)], before), seen([counted('a', 2, 9)], after))).toBe(
    'statements of other roles are hidden; grant pg_read_all_stats to this role',
  );
});

test('minds no hidden statement that did not run', () => {
  const hidden = ['4/9.5', '5/12'];
  expect(costsBetween(seen([counted('a', 1, 1)], hidden), seen([counted('a', 2, 9)], hidden))).toMatchObject([{ calls: 1, totalMs: 8 }]);
});
