// One document on stdout in every case, failure included; all else goes to stderr.
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { EXIT } from './exit-codes.ts';
import { CliFailure, docsOf } from './failure.ts';
import { harmless } from './render/harmless.ts';
import { inAscii, lookOf, type Look } from './render/words.ts';

export type Format = 'text' | 'json' | 'yaml';

export const API_VERSION = 'tminus.dev/v1alpha1';

export function formatOf(command: Command): Format {
  const { output, json } = command.optsWithGlobals<{ output?: Format; json?: boolean }>();
  return json ? 'json' : (output ?? 'text');
}

/** How stdout wants its text. */
export function lookFor(command: Command): Look {
  return lookOf(command.optsWithGlobals<{ ascii?: boolean }>().ascii ?? false);
}

/** Prints an answer: as its document, or as the text that `text` makes of it for people. */
export function print<T>(command: Command, document: T, text: (shown: T, look: Look) => string): void {
  const format = formatOf(command);
  if (format === 'text') process.stdout.write(`${textOf(document, text, lookFor(command))}\n`);
  else process.stdout.write(encoded(document, format));
}

/** The text of a document, with nothing in it that steers a terminal. */
export function textOf<T>(document: T, text: (shown: T, look: Look) => string, look: Look): string {
  return inAscii(text(harmless(document), look), look);
}

/** Answers of --watch and --follow: one JSON document a line; as text, nothing where nothing is new. */
export function printLine<T>(command: Command, document: T, text: (shown: T, look: Look) => string): void {
  const line = formatOf(command) === 'text' ? textOf(document, text, lookFor(command)) : JSON.stringify(document);
  if (line !== '') process.stdout.write(`${line}\n`);
}

/** A word to people while something goes on: stderr, and only where people read. */
export function hint(command: Command, line: string): void {
  if (formatOf(command) === 'text') process.stderr.write(`${inAscii(harmless(line), lookOf(lookFor(command).ascii, process.stderr))}\n`);
}

/** Prints a failure and answers its exit code. `line`: within a stream of documents, one a line. */
export function printFailure(format: Format, error: unknown, { line = false, ascii = false } = {}): number {
  const failure = failureOf(error);
  const { code, message, hint: toDo, problems } = failure;
  if (format === 'text') {
    // Problems carry the line of the file and a caret below it; their parts are made harmless where they are read.
    const said = problems.length > 0 ? problems.map(({ text }) => text).join('\n') : harmless(message);
    process.stderr.write(inAscii(`${said}\n${toDo === '' ? '' : `  ${harmless(toDo)}\n`}`, lookOf(ascii, null)));
    return failure.exitCode;
  }
  const document = {
    apiVersion: API_VERSION,
    kind: 'Error',
    code,
    message,
    hint: toDo,
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
  // A file that cannot be read or written, a full disk: the system's own sentence says what to do.
  if (error instanceof Error && 'syscall' in error) return new CliFailure('System', message, '', EXIT.unexpected);
  return new CliFailure('Internal', message, 'this is a bug in tminus; please report it with this message', EXIT.unexpected);
}
