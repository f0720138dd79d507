// Sends a start. Without a response the countdown may have begun, so the hint has the commands that show and end it.
import type { Api } from './api.ts';
import { CliFailure } from './failure.ts';
import type { Submission } from './submission.ts';

export interface PlanAnswer {
  metadata: { name: string };
  started: 'started' | 'already-running' | 'dry-run';
  launchAt: string;
  checkpoints: { name: string; at: string }[];
  links: { page: string };
}

/** `extra`: fields of the request beside the files. A start is idempotent; a rehearsal is not, so it is sent once. */
export async function postStart(api: Api, { name, ...files }: Submission, extra: Record<string, unknown>): Promise<PlanAnswer> {
  try {
    return await api.post<PlanAnswer>(
      '/api/v1/countdowns',
      { ...files, ...extra },
      { twice: extra['rehearsal'] === true ? false : 'when-lost' },
    );
  } catch (error) {
    // The server's own message names the countdown; this is for a connection that broke.
    if (!(error instanceof CliFailure) || error.code !== 'OutcomeUnknown' || error.hint.includes(name)) throw error;
    const hint = `${name} may have begun: \`tminus status ${name} --watch\` shows it, \`tminus abort ${name}\` ends it`;
    throw new CliFailure(error.code, error.message, hint, error.exitCode);
  }
}
