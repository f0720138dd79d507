// What is wrong with a file, where, and what to do: the same shape for syntax, fields and rules.

/** Keys and indexes from the top of the file: `['spec', 'checkpoints', 0, 'at']`. */
export type Path = readonly (string | number)[];

export interface Problem {
  file: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units as editors count. */
  column: number;
  /** `spec.checkpoints[0].at`; empty where the file as a whole is meant. */
  path: string;
  message: string;
  /** What to do; empty where the message says it all. */
  hint: string;
  /** The line itself for people to look at; empty where it may hold a secret or there is none. */
  sourceLine: string;
}

/** Most characters of a source line that are shown: a terminal's width, without the gutter. */
const SHOWN_LINE_LENGTH = 100;
/** Most characters of a word from the file that are repeated in a sentence. */
const SHOWN_WORD_LENGTH = 40;

/** A problem as people read it: `file:line:column path: message; hint`, then the line and a caret under the place. */
export function formatProblem({ file, line, column, path, message, hint, sourceLine }: Problem): string {
  const sentence = `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}${hint === '' ? '' : `; ${hint}`}`;
  if (sourceLine.trim() === '') return sentence;
  const number = String(line).padStart(5);
  const from = column > SHOWN_LINE_LENGTH ? column - 1 - SHOWN_LINE_LENGTH / 2 : 0;
  const shown = printable(sourceLine.slice(from, from + SHOWN_LINE_LENGTH)).trimEnd();
  return `${sentence}\n${number} | ${shown}\n${' '.repeat(number.length)} | ${' '.repeat(column - 1 - from)}^`;
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
