import { markup, type Markup } from '../evidence/markup.ts';
import type { Visitor } from '../request/context.ts';
import type { ApiError } from '../request/refusal.ts';
import { page } from './layout.ts';
import { sentenceCase } from './parts.ts';

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
