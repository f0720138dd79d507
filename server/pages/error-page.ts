import type { ApiError } from '../api/errors.ts';
import type { Visitor } from '../api/route.ts';
import { markup, type Markup } from '../markup.ts';
import { page } from './layout.ts';
import { sentenceCase } from './sentence.ts';

export function errorPage({ code, message, hint }: ApiError, visitor: Visitor | null): Markup {
  return page(
    { title: message, visitor },
    markup`<section class="card narrow">
      <p class="quiet">${code}</p>
      <h1>${sentenceCase(message)}.</h1>
      <p>${sentenceCase(hint)}.</p>
      <p><a href="/">All releases</a></p>
    </section>`,
  );
}
