// Redraws its own lines only: earlier terminal output and the last frame stay visible.
import { stripVTControlCharacters } from 'node:util';

export interface Screen {
  columns: number;
  rows: number;
}

const UP = (lines: number): string => `\u001B[${lines}A`;
const CLEAR_BELOW = '\u001B[0J';

/** Terminal output that replaces the frame `previous` by `next`. `previous` is '' for the first frame. */
export function frame(previous: string, next: string, screen: Screen): string {
  return `${previous === '' ? '' : `${UP(rowsOf(previous, screen))}\r${CLEAR_BELOW}`}${next}\n`;
}

/** Cut to the height of the terminal: a taller frame cannot be redrawn. The first lines matter most, so they are kept. */
export function clipped(text: string, screen: Screen): string {
  const lines = text.split('\n');
  let rows = 0;
  const fitting = lines.findIndex((line) => (rows += rowsOf(line, screen)) > screen.rows - 2);
  return fitting < 0
    ? text
    : [...lines.slice(0, Math.max(1, fitting)), `… ${lines.length - fitting} more lines: the terminal is too small`].join('\n');
}

/** Terminal rows of a text. The terminal wraps long lines. */
function rowsOf(text: string, { columns }: Screen): number {
  return text
    .split('\n')
    .reduce((rows, line) => rows + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / Math.max(1, columns))), 0);
}
