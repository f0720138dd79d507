// Reads values of a JSON report, with checks; an invalid value is refused with its place.
import { UnreadableEvidence } from '../analysis.ts';
import type { Quantile } from './report.ts';

export type Json = Record<string, unknown>;
export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

export const HINT = 'export the report again';

/** A number of at least 0. Throws UnreadableEvidence on anything else. */
function figure(values: Json, name: string, place: string): number {
  const value = values[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new UnreadableEvidence(`${JSON.stringify(value) ?? 'nothing'} is not a number of at least 0`, `${place}.${name}`, HINT);
}

/** Null where it is absent. */
export const optional = (values: Json, name: string, place: string): number | null =>
  values[name] === undefined || values[name] === null ? null : figure(values, name, place);

/** A count: an integer of at least 0. */
export function whole(values: Json, name: string, place: string): number {
  const value = figure(values, name, place);
  if (Number.isSafeInteger(value)) return value;
  throw new UnreadableEvidence(`${value} is not an integer`, `${place}.${name}`, HINT);
}

/** A count; 0 where it is absent. */
export const wholeOrNone = (values: Json, name: string, place: string): number =>
  optional(values, name, place) === null ? 0 : whole(values, name, place);

/** A share, 0 to 1. */
export function share(values: Json, name: string, place: string): number {
  const value = figure(values, name, place);
  if (value <= 1) return value;
  throw new UnreadableEvidence(`${value} is not a share between 0 and 1`, `${place}.${name}`, HINT);
}

/** The reported points of a distribution, by rising share. @param names the tool's name of each share. */
export function pointsOf(values: Json, names: Readonly<Record<string, number>>, unitMs: number, place: string): Quantile[] {
  return Object.entries(names)
    .flatMap(([name, at]) => {
      const value = optional(values, name, place);
      return value === null ? [] : [{ share: at, ms: value * unitMs }];
    })
    .sort((a, b) => a.share - b.share);
}
