import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../finding.ts';
import {
  amount,
  besideLimit,
  clock,
  comparison,
  count,
  duration,
  eventTime,
  latency,
  measured,
  number,
  percent,
  relativeTime,
  rounded,
  share,
  size,
  time,
} from './index.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

describe('numbers', () => {
  it.each([
    [count(9_012), '9,012'],
    [count(17_940.6), '17,941'],
    [count(0), '0'],
    [number(299.84), '299.8'],
    [number(300), '300'],
    [number(12_345.678), '12,346'],
    [number(1_234_567), '1,234,567'],
    [number(0.0005), '0.0005'],
    [number(1e-7), '0.0000001'],
    [number(-1_234.56), '-1,235'],
    [number(-0.00000000000001), '0'],
    [number(Number.NaN), 'unknown'],
    [latency(734.4), '734 ms'],
    [latency(38.44), '38.4 ms'],
    [latency(0.4171), '0.417 ms'],
    [latency(1_234.5), '1,235 ms'],
    [latency(99.96), '100 ms'],
    [percent(99.934), '99.93 %'],
    [percent(71.2), '71.2 %'],
    [percent(100), '100 %'],
    [percent(0.01149), '0.011 %'],
    [percent(0), '0 %'],
    [share(0.3333), '33.33 %'],
    [size(734), '734 bytes'],
    [size(12_345), '12.1 KiB'],
    [size(1_456_000), '1.39 MiB'],
    [size(1_024 ** 3), '1 GiB'],
  ])('%s is written as %s', (written, text) => expect(written).toBe(text));

  it('are kept with six digits in findings, and in tables as they are printed', () => {
    expect([measured(0.123456789), measured(1_234_567.8), measured(Number.POSITIVE_INFINITY)]).toEqual([0.123457, 1_234_568, Infinity]);
    expect([rounded(0.123456), rounded(12_345.678), rounded(99.999)]).toEqual([0.1235, 12_346, 100]);
  });
});

describe('durations', () => {
  it.each([
    [0, '0 s'],
    [0.42, '0.42 ms'],
    [734, '734 ms'],
    [999.6, '1 s'],
    [9_430, '9.4 s'],
    [41_900, '41.9 s'],
    [59_960, '1 m'],
    [95 * SECOND, '1 m 35 s'],
    [31 * MINUTE + 20 * SECOND, '31 m 20 s'],
    [HOUR - 400, '1 h'],
    [2 * HOUR + 10 * MINUTE, '2 h 10 m'],
    [50 * HOUR, '50 h'],
    [72 * HOUR, '72 h'],
    [72 * HOUR + MINUTE, '72 h 1 m'],
    [73 * HOUR, '3 d 1 h'],
    [98 * HOUR, '4 d 2 h'],
    [-9_430, '9.4 s'],
    [Number.POSITIVE_INFINITY, 'unknown'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('times', () => {
  const AT = '2026-11-24T09:00:41.900Z';
  const atMs = Date.parse(AT);

  it('are in UTC, with seconds where something happened or where there are any', () => {
    expect([time('2026-11-24T09:00:00Z'), time(AT), time('2026-11-24T17:00:00+08:00')]).toEqual([
      '2026-11-24 09:00 UTC',
      '2026-11-24 09:00:41 UTC',
      '2026-11-24 09:00 UTC',
    ]);
    expect([eventTime('2026-11-24T09:00:00Z'), eventTime(atMs), eventTime('never')]).toEqual([
      '2026-11-24 09:00:00 UTC',
      '2026-11-24 09:00:41 UTC',
      'never',
    ]);
  });

  it.each([
    [2 * HOUR + 10 * MINUTE + 59 * SECOND, 'in 2 h 10 m'],
    [72 * HOUR - 1, 'in 71 h 59 m'],
    [-41_900, '41 s ago'],
    [900, 'now'],
    [-900, 'now'],
    [1_000, 'in 1 s'],
  ])('%d ms away is %s', (ms, text) => expect(relativeTime(atMs + ms, atMs)).toBe(text));

  it.each([
    [100 * HOUR + 41 * MINUTE + 7_900, 'T-100:41:07'],
    [0, 'T-00:00:00'],
    [-12_400, 'T+00:00:12'],
  ])('%d ms before the launch the clock stands at %s', (ms, text) => expect(clock(atMs + ms, atMs)).toBe(text));
});

describe('comparisons', () => {
  type Row = [Finding['outcome'], Finding['measured'], Finding['limit'], string, string];
  it.each<Row>([
    ['fail', 734, 300, 'ms', '734 ms > 300 ms'],
    ['pass', 212.04, 300, 'ms', '212 ms ≤ 300 ms'],
    ['fail', 300.3, 300, 'ms', '300.3 ms > 300 ms'],
    ['fail', 300.00000001, 300, 'ms', '300.000001 ms > 300 ms'],
    ['pass', 99.93, 95, '%', '99.93 % ≥ 95 %'],
    ['fail', 94.999, 95, '%', '94.999 % < 95 %'],
    ['fail', 71.2, 95, '%', '71.2 % < 95 %'],
    ['pass', 3, 3, 'pods', '3 pods = 3 pods'],
    ['fail', 9_012, 30_000, 'requests', '9,012 requests < 30,000 requests'],
    ['fail', 900, 120, 's', '15 m > 2 m'],
    ['fail', 300.4, 300, 's', '300.4 s > 300 s'],
    ['fail', 512 * 1_024 ** 2, 1_024 ** 3, 'bytes', '512 MiB < 1 GiB'],
    ['fail', 1_024 ** 3 - 1, 1_024 ** 3, 'bytes', '1,073,741,823 bytes < 1,073,741,824 bytes'],
    ['pass', 0.3, 30, 's', '300 ms ≤ 30 s'],
    // A lower number on a failing upper limit would look like a pass.
    ['fail', 0.5, 60, 's', '500 ms, limit 1 m'],
    ['fail', 120, 300, 's', '2 m, limit 5 m'],
    ['inconclusive', 24, 20, 's', '24 s, limit 20 s'],
    ['inconclusive', null, 300, 'ms', 'not measured, limit 300 ms'],
    ['inconclusive', null, null, '', ''],
    ['pass', 12, null, 'rows', '12 rows'],
    ['fail', 'sha-1', 'sha-2', '', 'sha-1 ≠ sha-2'],
    ['pass', 'a', 'a', '', 'a = a'],
    ['pass', 'a', 'a, b', '', 'a, limit a, b'],
  ])('%s, %s of %s %s: %s', (outcome, value, limit, unit, text) => {
    expect(comparison({ outcome, measured: value, limit, unit })).toBe(text);
  });

  it('write value and limit as sentences of findings do', () => {
    expect(besideLimit(900, 900, 's')).toEqual(['15 m', '15 m']);
    expect(besideLimit(299.9999, 300, 'ms')).toEqual(['299.9999 ms', '300 ms']);
    expect([amount(1, ''), amount('v1.2', ''), amount(12.3456, 'iterations/s')]).toEqual(['1', 'v1.2', '12.35 iterations/s']);
  });
});
