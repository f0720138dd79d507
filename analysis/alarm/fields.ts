// Reads plain values of a parsed file field by field, and collects what is wrong at its path instead of throwing.
import { prometheusDurationMs } from './duration.ts';

export type Path = readonly (string | number)[];

/** What is wrong at a path of the file; the reader of the file knows its line and column. */
export interface Objection {
  path: Path;
  at: 'key' | 'value';
  message: string;
  hint: string;
}

type Fields = Readonly<Record<string, unknown>>;

export class FieldReader {
  readonly objections: Objection[] = [];

  object(path: Path, message: string, hint: string, at: Objection['at'] = 'value'): void {
    this.objections.push({ path, at, message, hint });
  }

  /** A mapping; `known` lists the fields that the program accepts, null where any name is one. */
  map(value: unknown, path: Path, known: readonly string[] | null): Fields {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.object(path, 'a mapping of fields is needed here', 'write one field a line');
      return {};
    }
    const fields = value as Fields;
    for (const name of known === null ? [] : Object.keys(fields).filter((each) => !known.includes(each)))
      this.object([...path, name], `unknown field "${name}"`, `fields here: ${known?.join(', ')}`, 'key');
    return fields;
  }

  list(value: unknown, path: Path): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value as unknown[];
    this.object(path, 'a list is needed here', 'begin each entry with "- "');
    return [];
  }

  /** Text; a number or boolean counts as the text it was written as. Null where the field is missing. */
  text(value: unknown, path: Path): string | null {
    if (value === undefined || value === null) return null;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    this.object(path, 'text is needed here', 'put it on one line, in quotes where it has a colon');
    return null;
  }

  texts(value: unknown, path: Path): string[] {
    return this.list(value, path).flatMap((each, index) => {
      const text = this.text(each, [...path, index]);
      return text === null ? [] : [text];
    });
  }

  textMap(value: unknown, path: Path): Record<string, string> {
    const entries = Object.entries(this.map(value, path, null)).map(([name, each]) => [name, this.text(each, [...path, name]) ?? '']);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  /** Milliseconds, or null where the field is missing. */
  durationMs(value: unknown, path: Path): number | null {
    const text = this.text(value, path);
    if (text === null) return null;
    const ms = prometheusDurationMs(text);
    if (ms === null) this.object(path, `"${text}" is not a duration`, 'write a duration such as 30s, 2m or 1h30m');
    return ms;
  }
}
