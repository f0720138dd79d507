// The finding builder of the guard.
import { builders, type Finding, type FindingCode } from '../../verdict/finding.ts';
import { duration } from '../../verdict/wording/index.ts';
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

export const seconds = (ms: number): number => Math.round(ms / 1_000);

/** A watch is counted in whole seconds. */
export const inSeconds = (ms: number): string => duration(1_000 * seconds(ms));
