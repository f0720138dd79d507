import { expect, it } from '@jest/globals';
import type { Finding } from '../../verdict/finding.ts';
import { against, sentenceOf } from './finding.ts';
import { harmless } from './harmless.ts';
import { relative, span } from './times.ts';

const finding = (
  outcome: Finding['outcome'],
  measured: number | null,
  limit: number | null,
  unit: string,
): Pick<Finding, 'outcome' | 'measured' | 'limit' | 'unit'> => ({ outcome, measured, limit, unit });

it.each([
  ['fail', 734, 300, 'ms', '734 ms > 300 ms'],
  ['pass', 212.04, 300, 'ms', '212 ms ≤ 300 ms'],
  ['pass', 99.93, 95, '%', '99.93 % ≥ 95 %'],
  ['fail', 71.2, 95, '%', '71.2 % < 95 %'],
  ['pass', 3, 3, 'pods', '3 pods = 3 pods'],
  ['pass', 17_940, 300, 'requests', '17,940 requests ≥ 300 requests'],
  // A lower number on a failing upper limit would look like a pass.
  ['fail', 0.5, 60, 's', ''],
  ['inconclusive', 24, 20, 's', ''],
  ['inconclusive', null, 300, 'ms', ''],
  ['fail', null, 300, 'ms', ''],
] as const)('sets a measure against its limit: %s %s of %s %s is "%s"', (outcome, measured, limit, unit, text) => {
  expect(against(finding(outcome, measured, limit, unit))).toBe(text);
});

it('adds the numbers only to a sentence that does not say the limit', () => {
  const numbers = finding('fail', 734, 300, 'ms');
  expect(sentenceOf({ ...numbers, message: 'p99 is 734 ms, limit 300 ms' })).toBe('p99 is 734 ms, limit 300 ms');
  expect(sentenceOf({ ...numbers, message: 'too slow' })).toBe('too slow   (734 ms > 300 ms)');
});

it('lets no text steer the terminal', () => {
  expect(harmless({ a: ['go\u001B[32m\u0007', 'two\r\nlines'], n: 3, none: null })).toEqual({
    a: ['go·[32m·', 'two / lines'],
    n: 3,
    none: null,
  });
  expect(harmless('reads \u202Edrawkcab')).toBe('reads ·drawkcab');
  expect(harmless('中文 ✔ ≤ é')).toBe('中文 ✔ ≤ é');
});

it.each([
  [300, '0.3 s'],
  [41_900, '41 s'],
  [95_000, '1 m 35 s'],
  [31 * 60_000, '31 m'],
  [7_800_000, '2 h 10 m'],
  [72 * 3_600_000, '72 h 00 m'],
  [100 * 3_600_000, '4 d 04 h'],
])('writes %i ms as %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

it('says how far a time is away', () => {
  expect(relative('2026-11-24T09:00:00Z', '2026-11-24T06:50:00Z')).toBe('in 2 h 10 m');
  expect(relative('2026-11-24T09:00:00Z', '2026-11-24T09:00:41Z')).toBe('41 s ago');
  expect(relative('2026-11-24T09:00:00Z', '2026-11-24T09:00:00Z')).toBe('now');
});
