import { html, raw } from 'hono/html';

/** HTML with all inserted text escaped. */
export type Markup = Exclude<ReturnType<typeof html>, Promise<unknown>>;

/** hono's escaping template without promises: pages have all their data before they are rendered. */
export function markup(strings: TemplateStringsArray, ...values: readonly unknown[]): Markup {
  const made = html(strings, ...values);
  if (made instanceof Promise) throw new TypeError('markup got a promise; await it first');
  return made;
}

/** Unescaped text: only for styles and SVG paths of this server. */
export const trusted = (text: string): Markup => raw(text);

/** Empty markup. */
export const nothing: Markup = trusted('');

/** Header row of a table. */
export const columnHeads = (...names: readonly string[]): Markup =>
  markup`<thead><tr>${names.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>`;
