// A failure that people can act on: message, hint, and an exit code for scripts.
import type { Problem } from '../release/problem.ts';
import { EXIT } from './exit-codes.ts';

export class CliFailure extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: number;
  /** Problems of an invalid file, with their positions. */
  readonly problems: readonly Problem[];

  constructor(code: string, message: string, hint: string, exitCode: number, problems: readonly Problem[] = []) {
    super(message);
    this.name = 'CliFailure';
    this.code = code;
    this.hint = hint;
    this.exitCode = exitCode;
    this.problems = problems;
  }
}

/** Exit codes for the error codes of the HTTP API. Other codes are unexpected. */
const exitCodeOf: Record<string, number> = {
  NotSignedIn: EXIT.notSignedIn,
  NotAllowed: EXIT.refused,
  Refused: EXIT.refused,
  Closing: EXIT.refused,
  InvalidRequest: EXIT.usage,
  InvalidRelease: EXIT.usage,
  TooLarge: EXIT.usage,
  NotFound: EXIT.usage,
};

export function failureOfEnvelope(answer: { code?: string; message?: string; hint?: string; problems?: Problem[] }): CliFailure {
  const code = answer.code ?? 'Internal';
  return new CliFailure(
    code,
    answer.message ?? 'the server gave no reason',
    answer.hint ?? '',
    (Object.hasOwn(exitCodeOf, code) ? exitCodeOf[code] : undefined) ?? EXIT.unexpected,
    answer.problems,
  );
}

/** Page of the documentation for a failure. */
export const docsOf = ({ code }: CliFailure): string =>
  code === 'InvalidRelease' ? 'docs/reference/release-file.md' : 'docs/reference/exit-codes.md';

/** True for failures that end by themselves: a server or worker that is being restarted. */
export const isTransient = (error: unknown): error is CliFailure =>
  error instanceof CliFailure && (error.code === 'Unreachable' || error.code === 'NoWorker' || error.code === 'OutcomeUnknown');

export const usageFailure = (message: string, hint = ''): CliFailure => new CliFailure('Usage', message, hint, EXIT.usage);
