// Schema issues as messages for people. Only this file depends on the issue format of the schema library.
import type { z } from 'zod';
import { nearName } from './near-name.ts';
import { shortWord } from './problem.ts';
import type { Path } from './problem.ts';
import { fieldNames, purposeOf, schemaAt } from './schema-at.ts';

/** A problem before its line and column are known. */
export interface Objection {
  path: Path;
  at: 'key' | 'value';
  message: string;
  hint: string;
  /** Missing fields; not reported if a misspelt one is beside them. */
  missing?: readonly string[];
}

/** An objection of a rule. */
export function objection(path: Path, message: string, hint: string, at: Objection['at'] = 'value'): Objection {
  return { path, at, message, hint };
}

/** Objections for all issues, without those that follow from a misspelt name. */
export function objectionsOf(issues: readonly z.core.$ZodIssue[], schema: unknown, content: unknown): Objection[] {
  return withoutEchoes(
    issues.flatMap((issue) => issueObjections(issue, schema, content)),
    schema,
    content,
  );
}

/** Drops "x is missing" where a field beside it is a misspelt x. */
export function withoutEchoes(objections: readonly Objection[], schema: unknown, content: unknown): Objection[] {
  return objections.filter(({ missing, path }) => {
    if (!missing) return true;
    const group = path.at(-1);
    const groupIsMisspelt =
      typeof group === 'string' && valueAt(content, path) === undefined && isMisspelt(group, path.slice(0, -1), schema, content);
    return !groupIsMisspelt && !missing.some((field) => isMisspelt(field, path, schema, content));
  });
}

/** Whether a group holds an unknown field whose name is near to this one. */
function isMisspelt(field: string, group: Path, schema: unknown, content: unknown): boolean {
  const known = fieldNames(schemaAt(schema, group, content));
  return Object.keys(objectAt(content, group)).some((name) => !known.includes(name) && nearName(name, [field]) !== null);
}

function issueObjections(issue: z.core.$ZodIssue, schema: unknown, content: unknown): Objection[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  const here = (message: string, hint = ''): Objection[] => [{ path, at: 'value', message, hint }];
  const value = valueAt(content, path);
  const field = path.at(-1);
  const parent = path.slice(0, -1);

  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(key, path, schemaAt(schema, path, content)));
  if (issue.code === 'custom') return here(...messageAndHint(issue.message));
  if (issue.code === 'invalid_key') return here(...messageAndHint(issue.issues[0]?.message ?? 'this name cannot be used'));
  if (value === undefined && typeof field === 'string') {
    const parentSchema = schemaAt(schema, parent, content);
    // Without its type a step has no schema, so a misspelt `type` is reported here.
    const misspelt =
      issue.code === 'invalid_union' ? Object.keys(objectAt(content, parent)).find((name) => nearName(name, [field])) : undefined;
    if (misspelt !== undefined)
      return [
        { path: [...parent, misspelt], at: 'key', message: `unknown field "${shortWord(misspelt)}"`, hint: `did you mean "${field}"?` },
      ];
    // Without its type a step has no schema to read the purpose from.
    const purpose = purposeOf(parentSchema, field) || (issue.code === 'invalid_union' ? `one of ${unionChoices(issue).join(', ')}` : '');
    return [
      {
        path: parent,
        at: 'value',
        message: `"${field}" is missing`,
        hint: purpose === '' ? 'add it' : `add ${field}: ${purpose}`,
        missing: [field],
      },
    ];
  }
  if (issue.code === 'invalid_union') {
    const choices = unionChoices(issue);
    return choices.length > 0 ? here(...wrongChoice(value, choices)) : here(...messageAndHint(issue.message));
  }
  if (issue.code === 'invalid_value') return here(...wrongChoice(value, issue.values.map(String)));
  if (value === null) return here('this is empty', 'give it a value or remove the line');
  if (issue.code === 'invalid_type') return here(...wrongType(issue, value));
  if (issue.code === 'too_small') return here(...tooFew(issue));
  if (issue.code === 'too_big') return here(...tooMany(issue));
  return here('this value is not accepted', 'look the field up with `tminus schema`');
}

function unknownField(key: string, path: Path, schema: unknown): Objection {
  const fields = fieldNames(schema);
  const near = nearName(key, fields);
  const hint = near === null ? `fields here are ${fields.join(', ')}` : `did you mean "${near}"?`;
  return { path: [...path, key], at: 'key', message: `unknown field "${shortWord(key)}"`, hint };
}

function wrongChoice(value: unknown, choices: readonly string[]): [message: string, hint: string] {
  const near = typeof value === 'string' ? nearName(value, choices) : null;
  const written = typeof value === 'string' ? `"${shortWord(value)}"` : nameOf(value);
  const message = choices.length > 1 ? `${written} is not one of the accepted values` : `${written} is not accepted here`;
  return [message, near === null ? `write ${choices.join(' or ')}` : `did you mean "${near}"?`];
}

const wanted: Record<string, string> = {
  string: 'write text; put it in quotes if it looks like a number',
  boolean: 'write true or false',
  int: 'write a whole number',
  number: 'write a whole number',
  array: 'write a list, each entry on a line that starts with "- "',
  object: 'write a group of fields, each on its own line',
  record: 'write a group of fields, each on its own line',
};

function wrongType(issue: z.core.$ZodIssueInvalidType, value: unknown): [message: string, hint: string] {
  const isOwnMessage = !issue.message.startsWith('Invalid input');
  if (isOwnMessage) return messageAndHint(issue.message);
  return [`${nameOf(value)} is not accepted here`, wanted[issue.expected] ?? 'look the field up with `tminus schema`'];
}

function tooFew(issue: z.core.$ZodIssueTooSmall): [message: string, hint: string] {
  if (issue.origin === 'array')
    return ['this list is empty', issue.minimum === 1 ? 'name at least one, or remove the line' : `give at least ${issue.minimum}`];
  return ['this number is too small', `${issue.minimum} is the minimum`];
}

function tooMany(issue: z.core.$ZodIssueTooBig): [message: string, hint: string] {
  return [issue.origin === 'array' ? 'this list is too long' : 'this number is too large', `${issue.maximum} is the maximum`];
}

function unionChoices(issue: z.core.$ZodIssue): string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'an empty value';
  if (typeof value === 'object') return 'a group of fields';
  if (typeof value === 'string') return `the text "${shortWord(value)}"`;
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** Our messages are `problem; hint`. Quoted text of the file is in the problem, so the last semicolon is ours. */
function messageAndHint(text: string): [message: string, hint: string] {
  const cut = text.lastIndexOf('; ');
  return cut < 0 ? [text, ''] : [text.slice(0, cut), text.slice(cut + 2)];
}

/** The value at a path of the content, or undefined. */
export function valueAt(content: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined),
    content,
  );
}

function objectAt(content: unknown, path: Path): object {
  const value = valueAt(content, path);
  return typeof value === 'object' && value !== null ? value : {};
}
