import { beforeAll, expect, test } from '@jest/globals';
import { parserReady } from '../../analysis/postgres/statement.ts';
import { costsBetween, type Counted } from './statement-counts.ts';

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

test('tells what each statement cost between two looks, the costliest first, and none that was not called', () => {
  const before = [counted('a', 10, 100), counted('b', 5, 50)];
  const after = [counted('a', 12, 400), counted('b', 5, 50), counted('c', 100, 1_000)];
  expect(costsBetween(before, after)).toEqual([
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

test('takes all there is where the counters were reset between the looks', () => {
  expect(costsBetween([counted('a', 100, 900)], [counted('a', 3, 30)])).toMatchObject([{ calls: 3, totalMs: 30, meanMs: 10 }]);
});
