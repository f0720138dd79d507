// A problem of a file with its place and hint: one shape for syntax, fields and rules, in the API, in JSON output and for people.

/** Keys and indexes from the top of the file: `['spec', 'checkpoints', 0, 'at']`. */
export type Path = readonly (string | number)[];

export interface Problem {
  file: string;
  /** From 1; null where the whole file is meant. */
  line: number | null;
  /** From 1, in UTF-16 units as editors count; null where the whole file is meant. */
  column: number | null;
  /** `spec.checkpoints[0].at`; empty where the whole file is meant. */
  path: string;
  message: string;
  /** Empty where the message is enough. */
  hint: string;
  /** All of it for people: `file:line:column path: message; hint`, then the source line (unless it may hold a secret) and a caret. */
  text: string;
}

/** A place in a file, from 1. */
type Place = Pick<Problem, 'file' | 'path'> & { line: number; column: number };

/** Most characters of a source line that are shown: a terminal's width, without the gutter. */
const SHOWN_LINE_LENGTH = 100;
/** Most characters of a word from the file that are repeated in a sentence. */
const SHOWN_WORD_LENGTH = 40;

/** A problem at a place. `sourceLine`: the line of the file, or empty where it must not be shown. */
export function problemAt({ file, line, column, path }: Place, message: string, hint: string, sourceLine: string): Problem {
  const sentence = withHint(`${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`, hint);
  const text = sourceLine.trim() === '' ? sentence : `${sentence}\n${excerptOf(sourceLine, line, column)}`;
  return { file, line, column, path, message, hint, text };
}

/** Order of the file; problems of the whole file come first. */
export const byPlace = (a: Problem, b: Problem): number => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);

/** A problem of the whole file, such as one that cannot be read. */
export function problemOfFile(file: string, message: string, hint = ''): Problem {
  const text = withHint(message.includes(file) ? message : `${file}: ${message}`, hint);
  return { file, line: null, column: null, path: '', message, hint, text };
}

/** The same problem without its source line, which may hold a secret. */
export const withoutSourceLine = (problem: Problem): Problem => {
  const { file, line, column, path, message, hint } = problem;
  return line === null || column === null ? problem : problemAt({ file, line, column, path }, message, hint, '');
};

const withHint = (message: string, hint: string): string => (hint === '' ? message : `${message}; ${hint}`);

function excerptOf(sourceLine: string, line: number, column: number): string {
  const number = String(line).padStart(5);
  const from = column > SHOWN_LINE_LENGTH ? column - 1 - SHOWN_LINE_LENGTH / 2 : 0;
  const shown = printable(sourceLine.slice(from, from + SHOWN_LINE_LENGTH)).trimEnd();
  return `${number} | ${shown}\n${' '.repeat(number.length)} | ${' '.repeat(column - 1 - from)}^`;
}

/** `spec.limits.endpoints["POST /api"].p99`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${text}["${shortWord(key)}"]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** A word from the file, short and harmless enough to stand in a sentence. */
export function shortWord(word: string): string {
  const shown = printable(word);
  return shown.length > SHOWN_WORD_LENGTH ? `${shown.slice(0, SHOWN_WORD_LENGTH)}…` : shown;
}

/** Tabs become one space, other control characters a dot, so that a file cannot steer the terminal it is printed on. */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '·');
}
