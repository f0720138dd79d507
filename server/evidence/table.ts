// A table of an analysis as HTML.
import type { Table } from '../../analysis/analysis.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { number } from '../../verdict/wording/index.ts';

/** @param caption `unseen` below a heading with the same text. */
export function dataTable({ title, columns, rows, notes }: Table, caption: 'seen' | 'unseen' = 'seen'): Markup {
  const isNumber = columns.map((_, column) => rows.every((row) => typeof row[column] !== 'string'));
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${title}"><table class="data">
    <caption class="${caption}">${title}</caption>
    <thead><tr>${columns.map(
      ({ name, unit }) => markup`<th scope="col">${name}${unit === '' ? nothing : markup` <span class="quiet">${unit}</span>`}</th>`,
    )}</tr></thead>
    <tbody>${rows.map(
      (row) =>
        markup`<tr>${row.map((cell, column) => markup`<td class="${isNumber[column] ? 'number' : ''}">${cellText(cell)}</td>`)}</tr>`,
    )}</tbody>
  </table></div>
  ${notes.map((note) => markup`<p class="quiet">${note}</p>`)}`;
}

function cellText(cell: string | number | null): string {
  if (cell === null) return '·';
  return typeof cell === 'number' ? number(cell) : cell;
}
