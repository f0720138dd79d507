import type { Finding } from '../../verdict/finding.ts';

/** `420 ms > 300 ms`, `0.01 % ≤ 0.1 %`, or nothing where a comparison would say more than is known. */
export function against({ measured, limit, unit, outcome }: Pick<Finding, 'measured' | 'limit' | 'unit' | 'outcome'>, ascii = false): string {
  if (outcome === 'inconclusive' || typeof measured !== 'number' || typeof limit !== 'number') return '';
  // A limit may be a most or a least; which, the outcome tells.
  const sign = outcome === 'fail' ? (measured > limit ? '>' : '<') : measured <= limit ? (ascii ? '<=' : '≤') : ascii ? '>=' : '≥';
  return `${amount(measured, unit)} ${sign} ${amount(limit, unit)}`;
}

/** Four significant digits are what a measurement carries. */
export function amount(value: number, unit: string): string {
  const text = Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toPrecision(4)));
  return unit === '' ? text : `${text} ${unit}`;
}
