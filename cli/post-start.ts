// Sends a start. One that is not answered may have begun all the same, so its failure names the countdown and what watches or ends it.
import type { Api } from './api.ts';
import { CliFailure } from './failure.ts';
import type { Submission } from './submission.ts';
import type { PlanAnswer } from './verbs/start.ts';

/** `extra`: fields of the request beside the files. The same start sent twice is one countdown; a rehearsal is not sent again. */
export async function postStart(api: Api, { name, ...files }: Submission, extra: Record<string, unknown>): Promise<PlanAnswer> {
  try {
    return await api.post<PlanAnswer>(
      '/api/v1/releases',
      { ...files, ...extra },
      { twice: extra['rehearsal'] === true ? false : 'when-lost' },
    );
  } catch (error) {
    // The server has its own sentence for it; this is of a connection without one.
    if (!(error instanceof CliFailure) || error.code !== 'OutcomeUnknown' || error.hint.includes(name)) throw error;
    const hint = `${name} may have begun: \`tminus status ${name} --watch\` shows it, \`tminus abort ${name}\` ends it`;
    throw new CliFailure(error.code, error.message, hint, error.exitCode);
  }
}
