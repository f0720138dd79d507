import type { Finding } from '../../verdict/finding.ts';

type Measured = Pick<Finding, 'measured' | 'limit' | 'unit' | 'outcome'>;

/** `212 ms`, `99.93 %`, or an em dash where nothing could be measured. */
export function amount(value: number | string | null, unit: string): string {
  if (value === null) return '—';
  const text = typeof value === 'number' ? numberText(value) : value;
  return unit === '' ? text : `${text} ${unit}`;
}

/** At most four significant digits: more is not measured. Whole numbers are kept whole. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** `612 ms > 500 ms`: the measure beside its limit, with the sign that says on which side it fell. */
export function against({ measured, limit, unit, outcome }: Measured): string {
  if (limit === null) return amount(measured, unit);
  if (measured === null || outcome === 'inconclusive') return `${amount(measured, unit)} (limit ${amount(limit, unit)})`;
  return `${amount(measured, unit)} ${relation(measured, limit, outcome)} ${amount(limit, unit)}`;
}

function relation(measured: number | string, limit: number | string, outcome: 'pass' | 'fail'): string {
  if (typeof measured !== 'number' || typeof limit !== 'number') return outcome === 'pass' ? '=' : '≠';
  if (measured === limit) return '=';
  if (outcome === 'pass') return measured > limit ? '≥' : '≤';
  return measured > limit ? '>' : '<';
}

/** `7c1e4f9c2ab0`: enough of a digest to compare by eye; the full one stands in the link and the title. */
export const shortDigest = (digest: string): string => digest.replace('sha256:', '').slice(0, 12);
