import type { Draft } from '../identity/sessions.ts';
import { markup, type Markup } from '../markup.ts';

export interface CommentBox {
  id: string;
  rows: number;
  required: boolean;
  /** What its reader typed into this very form before it was refused; the live script leaves a box alone that holds some. */
  draft: Draft | undefined;
}

/** Where a person writes why. */
export function commentBox({ id, rows, required, draft }: CommentBox): Markup {
  const marks = markup`${required ? 'required' : ''} ${draft ? 'data-draft' : ''}`;
  return markup`<textarea id="${id}" name="comment" rows="${rows}" ${marks}>${draft?.comment ?? ''}</textarea>`;
}
