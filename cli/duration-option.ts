import { InvalidArgumentError } from 'commander';
import { readDuration } from '../release/duration.ts';

/** `30m` of an option, in milliseconds. */
export function durationOption(text: string): number {
  const reading = readDuration(text);
  if (!reading.ok) throw new InvalidArgumentError(`${reading.reason}.`);
  return reading.ms;
}
