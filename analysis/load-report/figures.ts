// Figures out of a JSON report, each checked on the way: one that cannot be is told with its place.
import { UnreadableEvidence } from '../analysis.ts';
import type { Quantile } from './report.ts';

export type Json = Record<string, unknown>;
export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

export const HINT = 'export the report again';

/** A figure of at least 0. Throws UnreadableEvidence where it is anything else. */
function figure(of: Json, name: string, place: string): number {
  const value = of[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new UnreadableEvidence(`${JSON.stringify(value) ?? 'nothing'} is no figure of a load report`, `${place}.${name}`, HINT);
}

/** Null where there is none. */
export const optional = (of: Json, name: string, place: string): number | null =>
  of[name] === undefined || of[name] === null ? null : figure(of, name, place);

/** How many of something: a whole number. */
export function whole(of: Json, name: string, place: string): number {
  const value = figure(of, name, place);
  if (Number.isSafeInteger(value)) return value;
  throw new UnreadableEvidence(`${value} is no count: it must be a whole number`, `${place}.${name}`, HINT);
}

/** 0 where there is none. */
export const wholeOrNone = (of: Json, name: string, place: string): number =>
  optional(of, name, place) === null ? 0 : whole(of, name, place);

/** A part of a whole, 0 to 1. */
export function share(of: Json, name: string, place: string): number {
  const value = figure(of, name, place);
  if (value <= 1) return value;
  throw new UnreadableEvidence(`${value} is no share: it must lie between 0 and 1`, `${place}.${name}`, HINT);
}

/** The points of a distribution that are told, by rising share. @param names what the tool calls each share. */
export function pointsOf(of: Json, names: Readonly<Record<string, number>>, unitMs: number, place: string): Quantile[] {
  return Object.entries(names)
    .flatMap(([name, at]) => {
      const value = optional(of, name, place);
      return value === null ? [] : [{ share: at, ms: value * unitMs }];
    })
    .sort((a, b) => a.share - b.share);
}
