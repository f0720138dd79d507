// Numbers as text, and numbers rounded to what a table or a finding keeps. Rules: index.ts.

/** More digits than this are noise of floating point. */
const MAX_DECIMALS = 12;
/** Of a number that is printed: more is not measured. */
const PRINTED_DIGITS = 4;
/** Of a number that is kept in a finding: more than is printed, fewer than differ between machines. */
const KEPT_DIGITS = 6;

/** `9,012`. */
export const count = (value: number): string => fixed(value, 0);

/** `299.8`, `12,346`, `0.0005`. */
export const number = (value: number): string => fixed(value, decimals.number(value));

/** `734 ms`, `38.4 ms`. Takes milliseconds. */
export const latency = (ms: number): string => `${fixed(ms, decimals.latency(ms))} ms`;

/** `99.93 %`, `0.011 %`. Takes 0-100. */
export const percent = (value: number): string => `${fixed(value, decimals.percent(value))} %`;

/** As `percent`. Takes 0-1. */
export const share = (value: number): string => percent(100 * value);

/** `734 bytes`, `12.3 KiB`, `1.46 MiB`. */
export function size(bytes: number): string {
  if (Math.abs(bytes) < 1_024) return `${count(bytes)} bytes`;
  let [value, power] = [bytes / 1_024, 0];
  // By the digits that are written: 1,023.9 MiB is 1 GiB.
  while (Math.round(Math.abs(value)) >= 1_024 && power < SIZE_UNITS.length - 1) [value, power] = [value / 1_024, power + 1];
  return `${fixed(value, significant(value, 3))} ${SIZE_UNITS[power]}`;
}

const SIZE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** For the cells of tables: what `number` prints, as a number. */
export const rounded = (value: number): number => toDecimals(value, decimals.number(value));

/** For `measured` and `limit` of a finding: six significant digits. */
export const measured = (value: number): number => toDecimals(value, significant(value, KEPT_DIGITS));

/** How many decimals each kind is written with. */
export const decimals = {
  number: (value: number): number => significant(value, PRINTED_DIGITS),
  latency: (ms: number): number => significant(ms, 3),
  percent: (value: number): number => Math.max(2, significant(value, 2)),
} as const;

/** With `places` decimals, thousands separated, without trailing zeros. */
export function fixed(value: number, places: number): string {
  if (!Number.isFinite(value)) return 'unknown';
  const [whole = '', decimal = ''] = value.toFixed(places).split('.');
  const rest = decimal.replace(/0+$/, '');
  const text = `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${rest === '' ? '' : `.${rest}`}`;
  return text === '-0' ? '0' : text;
}

function significant(value: number, digits: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  return Math.min(MAX_DECIMALS, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value)))));
}

const toDecimals = (value: number, places: number): number => (Number.isFinite(value) ? Number(value.toFixed(places)) : value);
