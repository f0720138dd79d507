import { expect, it } from '@jest/globals';
import type { Finding } from '../../verdict/finding.ts';
import { findingText } from './finding.ts';
import { harmless } from './harmless.ts';

const finding = (
  outcome: Finding['outcome'],
  measured: number | null,
  limit: number | null,
  unit: string,
): Pick<Finding, 'outcome' | 'measured' | 'limit' | 'unit'> => ({ outcome, measured, limit, unit });

it('adds the numbers only to a message without the limit', () => {
  const numbers = finding('fail', 734, 300, 'ms');
  expect(findingText({ ...numbers, message: 'p99 is 734 ms, limit 300 ms' })).toBe('p99 is 734 ms, limit 300 ms');
  expect(findingText({ ...numbers, message: 'too slow' })).toBe('too slow   (734 ms > 300 ms)');
  expect(findingText({ ...finding('fail', 1_200, 900, 's'), message: 'took 20 m, limit 15 m' })).toBe('took 20 m, limit 15 m');
});

it('replaces control characters', () => {
  expect(harmless({ a: ['go\u001B[32m\u0007', 'two\r\nlines'], n: 3, none: null })).toEqual({
    a: ['go·[32m·', 'two / lines'],
    n: 3,
    none: null,
  });
  expect(harmless('reads \u202Edrawkcab')).toBe('reads ·drawkcab');
  expect(harmless('中文 ✔ ≤ é')).toBe('中文 ✔ ≤ é');
});
