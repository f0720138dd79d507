import { expect, test } from '@jest/globals';
import { readPlan } from '../postgres/read-plan.ts';
import type { StatementsRecord } from '../postgres/records.ts';
import { factsOfPlans } from './plan-facts.ts';

const record: StatementsRecord = {
  database: 'shop',
  from: '',
  to: '',
  unread: null,
  statements: ['SELECT 1', 'SELECT 2'].map((statement) => ({
    statement,
    calls: 10,
    totalMs: 1_000,
    meanMs: 100,
    rows: 10,
    blocksHit: 1,
    blocksRead: 0,
    tempBlocksWritten: 0,
  })),
};
const plan = (removed: number) =>
  readPlan(
    new TextEncoder().encode(
      JSON.stringify([
        {
          Plan: {
            'Node Type': 'Seq Scan',
            'Relation Name': 'orders',
            'Actual Total Time': 90,
            'Actual Rows': 10,
            'Plan Rows': 10,
            'Actual Loops': 1,
            'Rows Removed by Filter': removed,
          },
          'Execution Time': 100,
        },
      ]),
    ),
  );
const removedOf = (facts: ReturnType<typeof factsOfPlans>) =>
  [...facts].map(([statement, of]) => [statement, of.find(({ subject }) => subject === 'rows removed')?.values['rows']]);

test('lays each plan to the statement it was asked for, past those that could not be had', () => {
  expect(removedOf(factsOfPlans([record], [plan(7), plan(8)], []))).toEqual([
    ['SELECT 1', 7],
    ['SELECT 2', 8],
  ]);
  expect(removedOf(factsOfPlans([record], [plan(8)], ['plan of "SELECT 1": permission denied']))).toEqual([['SELECT 2', 8]]);
});

test('lays no plan to any statement where they are not as many', () => {
  expect(factsOfPlans([record], [plan(7)], []).size).toBe(0);
});
