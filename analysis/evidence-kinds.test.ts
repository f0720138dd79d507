import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { evidenceKinds, recognize } from './evidence-kinds.ts';
import { parserReady } from './postgres/statement.ts';

beforeAll(() => parserReady);

const bytes = (text: string) => new TextEncoder().encode(text);
/** Longer than the head that kinds are known by. */
const STATEMENT = `SELECT ${Array.from({ length: 1_000 }, (_, i) => `column_${i}`).join(', ')} FROM orders`;
const PLAN = { 'Node Type': 'Seq Scan', 'Relation Name': 'orders', 'Plan Rows': 1, 'Total Cost': 5 };

describe('a plan whose statement is long', () => {
  test.each([
    ['as auto_explain logs it in JSON', JSON.stringify({ 'Query Text': STATEMENT, Plan: PLAN }, null, 2)],
    ['as the evidence of a load test keeps it', JSON.stringify([{ 'Query Text': STATEMENT, Plan: PLAN }])],
    ['as auto_explain logs it in text', `Query Text: ${STATEMENT}\nSeq Scan on orders  (cost=0.00..5.00 rows=1 width=8)`],
    ['as auto_explain logs it in text, indented', `\tQuery Text: ${STATEMENT}\n\tSeq Scan on orders  (cost=0.00..5.00 rows=1 width=8)`],
  ])('is a plan %s', (_, text) => {
    expect([recognize(bytes(text)), recognize(gzipSync(text))]).toEqual(['query-plan', 'query-plan']);
    expect(evidenceKinds['query-plan'].analyze(bytes(text))).toMatchObject({ facts: [{ subject: 'plan' }, {}] });
  });
});

test('a report that mentions the text of a query is none', () => {
  expect(() => recognize(bytes('{"title":"Query Text: SELECT 1"}'))).toThrow('not a known profile, dump, plan');
});
