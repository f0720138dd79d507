import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { actionSchema, expandAction } from './actions.ts';
import { faultSchema } from './faults.ts';

const problemOf = (schema: z.ZodType, value: unknown): string => schema.safeParse(value).error?.issues[0]?.message ?? '';

describe('an emergency action', () => {
  it('is a switch of the service or a variable of the container', () => {
    for (const action of [
      { name: 'recommendations-off', type: 'switch', switch: 'recommendations', value: false },
      { name: 'orders-queued', type: 'environment', variable: 'ORDERS_MODE', value: 'queue' },
      { name: 'orders-plain', type: 'environment', variable: 'ORDERS_MODE', value: '' },
    ])
      expect(expandAction(actionSchema.parse(action))).toEqual(action);
  });

  it.each([
    [{ name: 'a', type: 'switch', switch: '../admin', value: false }, /not the name of a switch/],
    [{ name: 'a', type: 'environment', variable: 'ORDERS MODE', value: 'x' }, /not an environment variable name/],
    [{ name: 'a', type: 'environment', variable: 'MODE', value: 'x'.repeat(4_097) }, /longer than 4096/],
    [{ name: 'a', type: 'environment', variable: 'MODE', value: 1 }, /1 is a number; put it in quotes/],
    [{ name: 'A b', type: 'switch', switch: 'pricing', value: false }, /cannot be used as a name/],
  ])('is refused with a reason: %j', (action, reason) => expect(problemOf(actionSchema, action)).toMatch(reason));

  it.each([
    { name: 'a', type: 'switch', switch: 'pricing', value: 'off' },
    { name: 'a', type: 'switch', switch: 'pricing', value: false, ttl: '1m' },
    { name: 'a', type: 'scale', replicas: 3 },
  ])('is refused: %j', (action) => expect(actionSchema.safeParse(action).success).toBe(false));
});

describe('a fault', () => {
  it('is one of the service with its parameter', () => {
    for (const fault of [{ type: 'service', settings: { 'pricing-errors': '100', 'slow-order': '' } }])
      expect(faultSchema.parse(fault)).toEqual(fault);
  });

  it.each([
    [{ type: 'service', settings: {} }, /no fault is named/],
    [{ type: 'service', settings: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`f${index}`, ''])) }, /more than 10/],
    [{ type: 'service', settings: { 'pricing-errors': 100 } }, /100 is a number; put it in quotes/],
    [{ type: 'service', settings: { 'pricing-errors': 'ä' } }, /not printable/],
  ])('is refused with a reason: %j', (fault, reason) => expect(problemOf(faultSchema, fault)).toMatch(reason));

  it('of a service needs a name that fits into a path', () => {
    expect(faultSchema.safeParse({ type: 'service', settings: { 'a/b': '' } }).success).toBe(false);
  });
});
