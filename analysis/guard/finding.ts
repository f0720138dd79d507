// The finding builder of the guard.
import { builders, type Finding, type FindingCode } from '../../verdict/finding.ts';
import type { GuardLimits } from './sample.ts';

/** A finding about the launched version; its evidence is added once it is stored. */
export function guardFinding(
  { subject }: Pick<GuardLimits, 'subject'>,
  code: FindingCode,
  outcome: Finding['outcome'],
  [measured, limit, unit]: [number, number, string],
  message: string,
): Finding {
  return builders[outcome](code, subject, message, { measured, limit, unit });
}

/** Rounds to six significant digits, which keeps all that was measured. */
export const tidy = (value: number): number => Number(value.toPrecision(6));

export const seconds = (ms: number): number => Math.round(ms / 1_000);
