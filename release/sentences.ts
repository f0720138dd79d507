// What the schema objects to, as sentences for people. One function knows the schema library's words; nobody else has to.
import type { z } from 'zod';
import { nearName } from './near-name.ts';
import { shortWord } from './problem.ts';
import type { Path } from './problem.ts';
import { fieldNames, purposeOf, schemaAt } from './schema-at.ts';

/** A problem before its place in the text is known. */
export interface Objection {
  path: Path;
  at: 'key' | 'value';
  message: string;
  hint: string;
  /** Fields whose absence this is about: nothing is said of them when a misspelt one stands beside. */
  missing?: readonly string[];
}

/** What a rule objects to at a place. */
export function objection(path: Path, message: string, hint: string, at: Objection['at'] = 'value'): Objection {
  return { path, at, message, hint };
}

/** Sentences for all issues, without those that only follow from a misspelt name. */
export function objectionsOf(issues: readonly z.core.$ZodIssue[], schema: unknown, content: unknown): Objection[] {
  return withoutEchoes(
    issues.flatMap((issue) => sentencesOf(issue, schema, content)),
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

function sentencesOf(issue: z.core.$ZodIssue, schema: unknown, content: unknown): Objection[] {
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
    // Without its type a step has no schema, so nobody else tells of a misspelt one.
    const misspelt =
      issue.code === 'invalid_union' ? Object.keys(objectAt(content, parent)).find((name) => nearName(name, [field])) : undefined;
    if (misspelt !== undefined)
      return [
        { path: [...parent, misspelt], at: 'key', message: `unknown field "${shortWord(misspelt)}"`, hint: `did you mean "${field}"?` },
      ];
    // A step without type has no schema yet, so its purpose cannot be read from one.
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
  const message = choices.length > 1 ? `${written} is not one of the values known here` : `${written} is not accepted here`;
  return [message, near === null ? `write ${choices.join(' or ')}` : `did you mean "${near}"?`];
}

const wanted: Record<string, string> = {
  string: 'write text; put it in quotes if it looks like a number',
  boolean: 'write true or false',
  int: 'write a whole number',
  number: 'write a whole number',
  array: 'write a list, each entry on a line that begins with "- "',
  object: 'write a group of fields, each on its own line',
  record: 'write a group of fields, each on its own line',
};

function wrongType(issue: z.core.$ZodIssueInvalidType, value: unknown): [message: string, hint: string] {
  const ownSentence = !issue.message.startsWith('Invalid input');
  if (ownSentence) return messageAndHint(issue.message);
  return [`${nameOf(value)} does not belong here`, wanted[issue.expected] ?? 'look the field up with `tminus schema`'];
}

function tooFew(issue: z.core.$ZodIssueTooSmall): [message: string, hint: string] {
  if (issue.origin === 'array')
    return ['this list is empty', issue.minimum === 1 ? 'name at least one, or remove the line' : `give at least ${issue.minimum}`];
  return ['this number is too small', `${issue.minimum} is the least`];
}

function tooMany(issue: z.core.$ZodIssueTooBig): [message: string, hint: string] {
  return [issue.origin === 'array' ? 'this list is too long' : 'this number is too large', `${issue.maximum} is the most`];
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

/** Own sentences are "what is wrong; what to do". Words of the file come first in them, so the last semicolon is ours. */
function messageAndHint(sentence: string): [message: string, hint: string] {
  const cut = sentence.lastIndexOf('; ');
  return cut < 0 ? [sentence, ''] : [sentence.slice(0, cut), sentence.slice(cut + 2)];
}

/** What stands at a path of the content; undefined where nothing does. */
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
