import type { Finding } from '../../verdict/finding.ts';

/** `420 ms > 300 ms`, `0.01 % ≤ 0.1 %`, `99.9 % ≥ 95 %`, or nothing where a comparison would say more than is known. */
export function against({ measured, limit, unit, outcome }: Pick<Finding, 'measured' | 'limit' | 'unit' | 'outcome'>): string {
  if (outcome === 'inconclusive' || typeof measured !== 'number' || typeof limit !== 'number') return '';
  // A time below its limit is not why something fails: it gave up early, and only the sentence says why.
  if (outcome === 'fail' && measured < limit && TIME_UNITS.has(unit)) return '';
  return `${amount(measured, unit)} ${signOf(measured, limit, outcome)} ${amount(limit, unit)}`;
}

const TIME_UNITS = new Set(['ms', 's', 'min']);

/** Some limits are upper, some are lower ones; the outcome tells on which side of it the measure lies. */
function signOf(measured: number, limit: number, outcome: 'pass' | 'fail'): string {
  if (measured === limit) return '=';
  if (outcome === 'pass') return measured < limit ? '≤' : '≥';
  return measured > limit ? '>' : '<';
}

/** The finding's sentence; with measure against limit where the sentence itself does not say the limit. */
export function sentenceOf(finding: Pick<Finding, 'measured' | 'limit' | 'unit' | 'outcome' | 'message'>): string {
  const numbers = against(finding);
  const told = typeof finding.limit === 'number' && finding.message.includes(amount(finding.limit, finding.unit));
  return numbers === '' || told ? finding.message : `${finding.message}   (${numbers})`;
}

/** Four significant digits are what a measurement carries. */
export function amount(value: number, unit: string): string {
  const text = Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toPrecision(4)));
  return unit === '' ? text : `${text} ${unit}`;
}
