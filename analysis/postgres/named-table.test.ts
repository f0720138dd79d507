import { beforeAll, expect, test } from '@jest/globals';
import { ontoCopy, schemasOf } from './named-table.ts';
import { parserReady } from './statement.ts';

beforeAll(() => parserReady);

test.each([
  ['SELECT 1 FROM orders o JOIN customers c ON true', [null]],
  ['SELECT 1 FROM public.orders, "public"."orders" AS p WHERE EXISTS (SELECT FROM orders)', ['public', null]],
  ['SELECT 1 FROM "Orders", order_view', []],
  ['SELECT 1 FROM (', []],
])('%s names the table with the schemas %j', (statement, schemas) => expect(schemasOf(statement, 'orders')).toEqual(schemas));

test.each([
  ['SELECT 1 FROM orders', 'SELECT 1 FROM orders'],
  ['SELECT 1 FROM public.orders o, audit.events', 'SELECT 1 FROM pg_temp.orders o, audit.events'],
  // The parser counts bytes.
  [
    `SELECT 'ü€' FROM "pub""lic" . "orders" WHERE "pub""lic"."orders".id = $1`,
    `SELECT 'ü€' FROM pg_temp . "orders" WHERE pg_temp."orders".id = $1`,
  ],
  ['SELECT public.orders.*, o.orders.id FROM public.orders', 'SELECT pg_temp.orders.*, o.orders.id FROM pg_temp.orders'],
  ['SELECT 1 FROM shop.public.orders', 'SELECT 1 FROM shop.public.orders'],
])('%s reads the copy as %s', (statement, copied) => expect(ontoCopy(statement, 'orders')).toBe(copied));
