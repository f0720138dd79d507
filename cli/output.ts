// Prints one document to stdout, also for a failure; everything else goes to stderr.
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { EXIT } from './exit-codes.ts';
import { CliFailure, docsOf } from './failure.ts';
import { harmless } from './render/harmless.ts';
import { inAscii, styleOf, type Style } from './render/words.ts';

export type Format = 'text' | 'json' | 'yaml';

export const API_VERSION = 'tminus.dev/v1alpha1';

export function formatOf(command: Command): Format {
  const { output, json } = command.optsWithGlobals<{ output?: Format; json?: boolean }>();
  return json ? 'json' : (output ?? 'text');
}

/** Text style for stdout. */
export function styleFor(command: Command): Style {
  return styleOf(command.optsWithGlobals<{ ascii?: boolean }>().ascii ?? false);
}

/** Prints a document as JSON or YAML, or as the text that `text` returns. */
export function print<T>(command: Command, document: T, text: (shown: T, style: Style) => string): void {
  const format = formatOf(command);
  if (format === 'text') process.stdout.write(`${textOf(document, text, styleFor(command))}\n`);
  else process.stdout.write(encoded(document, format));
}

/** Text of a document, without terminal control characters. */
export function textOf<T>(document: T, text: (shown: T, style: Style) => string, style: Style): string {
  return inAscii(text(harmless(document), style), style);
}

/** For --watch and --follow: one JSON document per line; an empty text prints nothing. */
export function printLine<T>(command: Command, document: T, text: (shown: T, style: Style) => string): void {
  const line = formatOf(command) === 'text' ? textOf(document, text, styleFor(command)) : JSON.stringify(document);
  if (line !== '') process.stdout.write(`${line}\n`);
}

/** Prints a line to stderr, with text output only. */
export function hint(command: Command, line: string): void {
  if (formatOf(command) === 'text') process.stderr.write(`${inAscii(harmless(line), styleOf(styleFor(command).ascii, process.stderr))}\n`);
}

/** Prints a failure and returns its exit code. `line`: as one line, for a stream of documents. */
export function printFailure(format: Format, error: unknown, { line = false, ascii = false } = {}): number {
  const failure = failureOf(error);
  const { code, message, hint: hintText, problems } = failure;
  if (format === 'text') {
    // Problems contain newlines (line of the file, caret below it), so their parts were made harmless when they were read.
    const shown = problems.length > 0 ? problems.map(({ text }) => text).join('\n') : harmless(message);
    process.stderr.write(inAscii(`${shown}\n${hintText === '' ? '' : `  ${harmless(hintText)}\n`}`, styleOf(ascii, null)));
    return failure.exitCode;
  }
  const document = {
    apiVersion: API_VERSION,
    kind: 'Error',
    code,
    message,
    hint: hintText,
    docs: docsOf(failure),
    ...(problems.length > 0 ? { problems } : {}),
  };
  process.stdout.write(line ? `${JSON.stringify(document)}\n` : encoded(document, format));
  return failure.exitCode;
}

function encoded(document: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : stringify(document);
}

function failureOf(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  // A file that cannot be read or written, a full disk: the message of the system is sufficient.
  if (error instanceof Error && 'syscall' in error) return new CliFailure('System', message, '', EXIT.unexpected);
  return new CliFailure('Internal', message, 'this is a bug in tminus; please report it with this message', EXIT.unexpected);
}
