import { markup, type Markup } from './markup.ts';

/** The head of a table: one row, a cell per column. */
export const columnHeads = (...names: readonly string[]): Markup =>
  markup`<thead><tr>${names.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>`;
