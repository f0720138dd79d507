// Problems as programs get them: the fields for an editor or a script, the text for people.
import { formatProblem, type Problem } from './problem.ts';

export interface ToldProblem {
  file: string;
  /** From 1; null where the file as a whole is meant. */
  line: number | null;
  column: number | null;
  /** `spec.checkpoints[0].at`; empty where the file as a whole is meant. */
  path: string;
  message: string;
  hint: string;
  /** All of it as people read it, with the line of the file where that may be shown. */
  text: string;
}

export function toldProblem(problem: Problem): ToldProblem {
  const { file, line, column, path, message, hint } = problem;
  return { file, line, column, path, message, hint, text: formatProblem(problem) };
}

/** Of a file that is wrong as a whole, or that cannot be read. */
export function problemOfFile(file: string, message: string, hint = ''): ToldProblem {
  const place = message.includes(file) ? '' : `${file}: `;
  return { file, line: null, column: null, path: '', message, hint, text: `${place}${message}${hint === '' ? '' : `; ${hint}`}` };
}
