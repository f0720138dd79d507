// What was measured beside its limit. Rules: index.ts.
import type { Finding } from '../finding.ts';
import { decimals, fixed, size } from './numbers.ts';
import { duration } from './times.ts';

/** Beyond this many further decimals a value is written as just off its limit. */
const MAX_FURTHER_DECIMALS = 6;

/** `734 ms`, `99.93 %`, `15 m` (of 900 s), `9,012 requests`. */
export function amount(value: number | string, unit: string): string {
  if (typeof value === 'string') return withUnit(value, unit);
  if (unit === 's') return duration(1_000 * value);
  return unit === 'bytes' ? size(value) : withUnit(fixed(value, decimalsOf(unit)(value)), unit);
}

/** The value and its limit, never the same text where they differ: `300.3 ms` and `300 ms`, `300.4 s` and `300 s`. */
export function besideLimit(value: number, limit: number, unit: string): [measured: string, limit: string] {
  const [plain, limitText] = [amount(value, unit), amount(limit, unit)];
  if (value === limit || plain !== limitText) return [plain, limitText];
  const isScaled = unit === 's' || unit === 'bytes';
  const places = isScaled ? 0 : decimalsOf(unit)(value);
  const bare = (each: number, more: number): string => withUnit(fixed(each, places + more), unit);
  const limitBare = isScaled ? bare(limit, MAX_FURTHER_DECIMALS) : limitText;
  for (let more = isScaled ? 0 : 1; more <= MAX_FURTHER_DECIMALS; more += 1)
    if (bare(value, more) !== limitBare) return [bare(value, more), limitBare];
  const step = 10 ** -(places + MAX_FURTHER_DECIMALS);
  return [bare(limit + (value < limit ? -step : step), MAX_FURTHER_DECIMALS), limitBare];
}

/** `734 ms, limit 300 ms`, as sentences of findings have it. */
export const withLimit = (value: number, limit: number, unit: string): string => besideLimit(value, limit, unit).join(', limit ');

/**
 * `734 ms > 300 ms`, `99.93 % ≥ 95 %`; without a sign (`24 s, limit 20 s`) where the two values do not explain the outcome: an inconclusive
 * finding, or a failure before its time limit. Empty where there is neither a value nor a limit.
 */
export function comparison(finding: Pick<Finding, 'measured' | 'limit' | 'unit' | 'outcome'>): string {
  const { measured, limit, unit } = finding;
  if (limit === null) return measured === null ? '' : amount(measured, unit);
  if (measured === null) return `not measured, limit ${amount(limit, unit)}`;
  const areNumbers = typeof measured === 'number' && typeof limit === 'number';
  const [value, bound] = areNumbers ? besideLimit(measured, limit, unit) : [amount(measured, unit), amount(limit, unit)];
  const sign = signOf(finding);
  return sign === null ? `${value}, limit ${bound}` : `${value} ${sign} ${bound}`;
}

/** Some limits are upper and some are lower ones; the outcome says on which side of it the value lies. */
function signOf({ measured, limit, unit, outcome }: Pick<Finding, 'measured' | 'limit' | 'unit' | 'outcome'>): string | null {
  if (outcome === 'inconclusive' || measured === null || limit === null) return null;
  if (measured === limit) return '=';
  if (typeof measured !== 'number' || typeof limit !== 'number') return outcome === 'fail' ? '≠' : null;
  if (outcome === 'pass') return measured < limit ? '≤' : '≥';
  // A time below its limit is not why something failed: it ended early, and the sentence says why.
  if (measured < limit && TIME_UNITS.has(unit)) return null;
  return measured > limit ? '>' : '<';
}

const TIME_UNITS: ReadonlySet<string> = new Set(['ms', 's']);

function decimalsOf(unit: string): (value: number) => number {
  if (unit === 'ms') return decimals.latency;
  return unit === '%' ? decimals.percent : decimals.number;
}

const withUnit = (text: string, unit: string): string => (unit === '' ? text : `${text} ${unit}`);
