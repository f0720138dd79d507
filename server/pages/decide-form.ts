// The form with which people decide: it counts or it does not, and the page that follows shows which.
import { decide } from '../actions/decide.ts';
import { actionRequest } from '../actions/requests.ts';
import { assertOwnForm } from '../request/authenticate.ts';
import type { AppContext } from '../request/context.ts';
import { ApiError } from '../request/refusal.ts';
import { releaseNameOf } from '../request/release-name.ts';
import type { World } from '../request/world.ts';
import { CountdownFailure } from '../temporal/countdowns.ts';
import { formOf } from './form.ts';
import { sentenceCase } from './parts.ts';
import { pathOf } from './release-view.ts';

export async function answerDecision(world: World, c: AppContext): Promise<Response> {
  const form = await formOf(c);
  const { csrf = '', ...said } = form;
  const session = assertOwnForm(c, csrf, world.links.pageBase.startsWith('https:'));
  const name = releaseNameOf(c);
  const parsed = actionRequest.safeParse({ ...withoutEmpty(said), revision: Number(said['revision'] ?? 0) });
  if (!parsed.success) throw new ApiError('InvalidRequest', 'the form has the wrong shape', 'reload the page and decide again');
  const { action, checkpoint, comment, finding } = parsed.data;
  const decision = action === 'approve' || action === 'reject' || action === 'waive';
  const at = pathOf(name, decision && checkpoint !== '' ? checkpoint : null);
  try {
    const { sentence } = await decide(world, name, parsed.data, c.get('visitor').principal);
    session.outcome = { at, text: `${sentenceCase(sentence)}.`, tone: 'go' };
  } catch (error) {
    if (!(error instanceof CountdownFailure) || error.code === 'NotFound') throw error;
    const draft = { action, comment, ...(finding === undefined ? {} : { finding }) };
    session.outcome = { at, text: notCounted(error), tone: 'no-go', draft };
  }
  // Refused or not, the answer is an address to read: reloading it and following it live ask for a page and send nothing again.
  return c.redirect(at, 303);
}

/** The hints of failures speak of commands; here the page itself is what to read next. */
function notCounted({ code, message }: CountdownFailure): string {
  if (code === 'Refused') return `Not counted: ${message}. This page shows what stands now.`;
  return `${sentenceCase(message)}. Reload this page before you decide again.`;
}

/** Empty inputs are sent by browsers; to the API they are absent. */
function withoutEmpty(form: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''));
}
