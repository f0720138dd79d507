// Numbers as people read them, the same on page, CLI, report and chat.

/** `9,012`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `420 ms`, `38.4 ms`, `0.42 ms`. A value on the wrong side of `limitMs` keeps the digits that show it: 300.3, not 300. */
export function ms(value: number, limitMs?: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  for (let more = digits; more < 3; more += 1) {
    const text = trimmed(value, more);
    if (limitMs === undefined || value === limitMs || Number(text) !== limitMs) return `${text} ms`;
  }
  return `${trimmed(value, 3)} ms`;
}

/** `0.5 %`, `0.011 %`: two digits that say something. Takes 0-100. */
export function percent(value: number): string {
  if (value === 0) return '0 %';
  const digits = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(Math.abs(value)))));
  return `${trimmed(value, digits)} %`;
}

/** `299.8`. */
export function rate(value: number): string {
  return trimmed(value, 1);
}

/** Bursts up to this size change no bound that is printed with two digits. */
const MIN_REPORTED_BURST = 1.05;

/** `20 errors came in bursts of about 20, so 3,000 requests count as 150 independent ones`; null where they came one by one. */
export function inBursts(what: string, burst: number, requests: number): string | null {
  if (burst < MIN_REPORTED_BURST) return null;
  const size = burst < 10 ? trimmed(burst, 1) : count(burst);
  return `${what} came in bursts of about ${size}, so ${count(requests)} requests count as ${count(Math.floor(requests / burst))} independent ones`;
}

/** Milliseconds to the microsecond they were measured with. */
export function toMicrosecond(valueMs: number): number {
  return Math.round(valueMs * 1_000) / 1_000;
}

function trimmed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
