// One document on stdout in every case, failure included; all else goes to stderr.
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { CliFailure } from './failure.ts';

export type Format = 'text' | 'json' | 'yaml';

export function formatOf(command: Command): Format {
  const { output, json } = command.optsWithGlobals<{ output?: Format; json?: boolean }>();
  return json ? 'json' : (output ?? 'text');
}

/** Prints an answer: as its document, or as the text people read. */
export function print(command: Command, document: unknown, text: () => string): void {
  const format = formatOf(command);
  if (format === 'json') process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  else if (format === 'yaml') process.stdout.write(stringify(document));
  else process.stdout.write(`${text()}\n`);
}

/** One JSON document a line, for --watch and --follow. */
export function printLine(command: Command, document: unknown, text: () => string): void {
  if (formatOf(command) === 'text') {
    const lines = text();
    if (lines !== '') process.stdout.write(`${lines}\n`);
  } else process.stdout.write(`${JSON.stringify(document)}\n`);
}

/** Prints a failure and answers its exit code. */
export function printFailure(format: Format, error: unknown): number {
  const failure = error instanceof CliFailure ? error : new CliFailure('Internal', error instanceof Error ? error.message : String(error), 'this is a bug; the message above is all that is known', 1);
  const { code, message, hint, problems } = failure;
  if (format === 'text') {
    const said = problems.length > 0 ? problems.join('\n') : message;
    process.stderr.write(`${said}\n${hint === '' ? '' : `  ${hint}\n`}`);
  } else {
    const document = { apiVersion: 'tminus.dev/v1alpha1', kind: 'Error', code, message, hint, ...(problems.length > 0 ? { problems } : {}) };
    process.stdout.write(format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : stringify(document));
  }
  return failure.exitCode;
}
