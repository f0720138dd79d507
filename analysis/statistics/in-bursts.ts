// How a finding reports that slow or failed requests came in bursts.
import { count, number } from '../../verdict/wording/index.ts';

/** Bursts up to this size change no bound that is printed with two digits. */
const MIN_REPORTED_BURST = 1.05;

/** `20 errors came in bursts of about 20, so 3,000 requests count as 150 independent ones`; null where they came one by one. */
export function inBursts(what: string, burst: number, requests: number): string | null {
  if (burst < MIN_REPORTED_BURST) return null;
  const size = number(burst < 10 ? Math.round(10 * burst) / 10 : Math.round(burst));
  return `${what} came in bursts of about ${size}, so ${count(requests)} requests count as ${count(Math.floor(requests / burst))} independent ones`;
}
