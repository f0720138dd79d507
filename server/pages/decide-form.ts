// Handles the form of an action. The result is shown on the page that follows.
import { sendAction } from '../actions/send-action.ts';
import { actionRequest } from '../actions/requests.ts';
import { assertOwnForm } from '../request/authenticate.ts';
import type { AppContext } from '../request/context.ts';
import { ApiError } from '../request/refusal.ts';
import { releaseNameOf } from '../request/release-name.ts';
import type { Dependencies } from '../request/dependencies.ts';
import { CountdownFailure } from '../temporal/countdowns.ts';
import { formOf } from './form.ts';
import { sentenceCase } from './parts.ts';
import { pathOf } from './release-view.ts';

export async function answerDecision(dependencies: Dependencies, c: AppContext): Promise<Response> {
  const form = await formOf(c);
  const { csrf = '', ...fields } = form;
  const session = assertOwnForm(c, csrf, dependencies.links.pageBase.startsWith('https:'));
  const name = releaseNameOf(c);
  const parsed = actionRequest.safeParse({ ...withoutEmpty(fields), revision: Number(fields['revision'] ?? 0) });
  if (!parsed.success) throw new ApiError('InvalidRequest', 'the form does not match the schema', 'reload the page and decide again');
  const { action, checkpoint, comment, finding } = parsed.data;
  const decision = action === 'approve' || action === 'reject' || action === 'waive';
  const at = pathOf(name, decision && checkpoint !== '' ? checkpoint : null);
  try {
    const { message } = await sendAction(dependencies, name, parsed.data, c.get('visitor').principal);
    session.outcome = { at, text: `${sentenceCase(message)}.`, tone: 'go' };
  } catch (error) {
    if (!(error instanceof CountdownFailure) || error.code === 'NotFound') throw error;
    const draft = { action, comment, ...(finding === undefined ? {} : { finding }) };
    session.outcome = { at, text: notCounted(error), tone: 'no-go', draft };
  }
  // Redirect in both cases (POST/redirect/GET), so that a reload does not send the form again.
  return c.redirect(at, 303);
}

/** Replaces the hints of failures, which name commands, by hints for this page. */
function notCounted({ code, message }: CountdownFailure): string {
  if (code === 'Refused') return `Refused: ${message}. This page shows the current state.`;
  return `${sentenceCase(message)}. Reload this page before you decide again.`;
}

/** Browsers send empty inputs; the API expects them to be absent. */
function withoutEmpty(form: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''));
}
