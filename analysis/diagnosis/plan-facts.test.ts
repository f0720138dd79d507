import { beforeAll, expect, test } from '@jest/globals';
import { readPlan } from '../postgres/read-plan.ts';
import type { StatementCost, StatementsRecord } from '../postgres/records.ts';
import { parserReady } from '../postgres/statement.ts';
import { factsOfPlans, type Plans } from './plan-facts.ts';

beforeAll(() => parserReady);

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
const plan = (removed: number, statement: string | null) =>
  readPlan(
    new TextEncoder().encode(
      JSON.stringify([
        {
          ...(statement === null ? {} : { 'Query Text': statement }),
          Plan: {
            'Node Type': 'Seq Scan',
            'Relation Name': 'orders',
            'Actual Total Time': 90,
            'Actual Rows': 10,
            'Plan Rows': 10,
            'Actual Loops': 1,
            'Rows Removed by Filter': removed,
            Filter: '(customer = 7)',
          },
          'Execution Time': 100,
        },
      ]),
    ),
  );
const plans = (requested: Plans['requested'], logged: Plans['logged'] = []): Plans => ({ logged, requested });
const removedOf = (facts: ReturnType<typeof factsOfPlans>) =>
  [...facts].map(([statement, of]) => [statement, of.find(({ subject }) => subject === 'rows removed')?.values['rows']]);

test('assigns each plan to its statement, in whatever order and however few they are', () => {
  expect(removedOf(factsOfPlans([record], plans([plan(8, 'SELECT 2'), plan(7, 'SELECT 1')])))).toEqual([
    ['SELECT 2', 8],
    ['SELECT 1', 7],
  ]);
  expect(removedOf(factsOfPlans([record], plans([plan(8, 'SELECT 2')])))).toEqual([['SELECT 2', 8]]);
});

test('takes the plan that was logged for the statement it says, before one that was requested for', () => {
  const record1 = {
    ...record,
    statements: [{ ...(record.statements[0] as StatementCost), statement: 'SELECT $1' }, record.statements[1] as StatementCost],
  };
  expect(removedOf(factsOfPlans([record1], plans([plan(8, 'SELECT 2'), plan(7, 'SELECT $1')], [plan(9, 'SELECT 1')])))).toEqual([
    ['SELECT 2', 8],
    ['SELECT $1', 9],
  ]);
});

test('ignores a plan without a statement, or of a statement that is not slow', () => {
  expect(factsOfPlans([record], plans([plan(7, null), plan(8, 'SELECT 3')])).size).toBe(0);
});
