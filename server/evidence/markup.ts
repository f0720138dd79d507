import { html, raw } from 'hono/html';

/** A piece of HTML whose every inserted text is already escaped. */
export type Markup = Exclude<ReturnType<typeof html>, Promise<unknown>>;

/** hono's escaping template, for pages that have all their data before they are written: no promise may hide inside. */
export function markup(strings: TemplateStringsArray, ...values: readonly unknown[]): Markup {
  const made = html(strings, ...values);
  if (made instanceof Promise) throw new TypeError('a page was given a promise; await it before');
  return made;
}

/** Only for text that this server itself made: styles, SVG paths. */
export const trusted = (text: string): Markup => raw(text);

/** Nothing, where a piece is left out. */
export const nothing: Markup = trusted('');

/** The head of a table: one row, a cell per column. */
export const columnHeads = (...names: readonly string[]): Markup =>
  markup`<thead><tr>${names.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>`;
