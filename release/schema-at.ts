// The schema at a path of a file: which fields it has, and what a missing one is for.
import { z } from 'zod';
import type { Path } from './problem.ts';

/** Schema at a path, or null; `value` is the content of the file, which selects the step type. */
export function schemaAt(schema: unknown, path: Path, value: unknown): unknown {
  let current = unwrap(schema, value);
  let content = value;
  for (const step of path) {
    const next = childOf(current, step);
    content = typeof content === 'object' && content !== null ? (content as Record<string | number, unknown>)[step] : undefined;
    current = next === null ? null : unwrap(next, content);
    if (current === null) return null;
  }
  return current;
}

/** Names of the fields at a place; empty if it is not a group of fields. */
export function fieldNames(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** What a field is for, as one short clause without a full stop; for a field of one fixed value, that value. */
export function purposeOf(schema: unknown, field: string): string {
  const choice = schema instanceof z.ZodObject ? literalValues(schema.shape[field]) : [];
  if (choice.length > 0) return choice.join(' or ');
  const described = schema instanceof z.ZodObject ? descriptionOf(schema.shape[field]) : '';
  const clause = described.split(/[.;:] |\.$/)[0] ?? '';
  return clause.charAt(0).toLowerCase() + clause.slice(1);
}

function childOf(schema: unknown, step: string | number): unknown {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, step) ? schema.shape[step] : null;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return null;
}

function unwrap(schema: unknown, value: unknown): unknown {
  let current = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodPrefault ||
    current instanceof z.ZodNullable
  ) {
    current = current.unwrap();
  }
  if (!(current instanceof z.ZodDiscriminatedUnion)) return current;
  const { discriminator } = current.def;
  const chosen = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[discriminator] : undefined;
  const option = current.options.find(
    (candidate) => candidate instanceof z.ZodObject && literalValues(candidate.shape[discriminator]).includes(chosen),
  );
  return option ?? null;
}

function literalValues(schema: unknown): readonly unknown[] {
  return schema instanceof z.ZodLiteral ? [...schema.values] : [];
}

function descriptionOf(schema: unknown): string {
  return schema instanceof z.ZodType ? (schema.description ?? descriptionOf(unwrapOnce(schema))) : '';
}

function unwrapOnce(schema: z.ZodType): unknown {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
  )
    return schema.unwrap();
  return null;
}
