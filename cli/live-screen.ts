// Redraws its own lines only: what stood on the terminal before stays, and the last frame stays, too.
import { stripVTControlCharacters } from 'node:util';

export interface Screen {
  columns: number;
  rows: number;
}

const UP = (lines: number): string => `\u001B[${lines}A`;
const CLEAR_BELOW = '\u001B[0J';

/** What to write so that `next` stands where `previous` stood. `previous` is '' at first. */
export function frame(previous: string, next: string, screen: Screen): string {
  return `${previous === '' ? '' : `${UP(rowsOf(previous, screen))}\r${CLEAR_BELOW}`}${next}\n`;
}

/** A frame taller than the terminal could not be found again when it is redrawn; its head says the most. */
export function clipped(text: string, screen: Screen): string {
  const lines = text.split('\n');
  let rows = 0;
  const fitting = lines.findIndex((line) => (rows += rowsOf(line, screen)) > screen.rows - 2);
  return fitting < 0
    ? text
    : [...lines.slice(0, Math.max(1, fitting)), `… ${lines.length - fitting} more lines: the terminal is too small`].join('\n');
}

/** Long lines are wrapped by the terminal and take more than one of its rows. */
function rowsOf(text: string, { columns }: Screen): number {
  return text
    .split('\n')
    .reduce((rows, line) => rows + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / Math.max(1, columns))), 0);
}
