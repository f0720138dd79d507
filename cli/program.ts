import { Command, CommanderError, Option } from 'commander';
import { EXIT } from './exit-codes.ts';
import { printFailure, type Format } from './output.ts';
import { verbs } from './registry.ts';

/** The whole command line, ready to parse. */
export function createProgram(): Command {
  const program = new Command('tminus')
    .description('The last 72 hours before a Go service goes live, as one durable countdown.')
    .addOption(new Option('--server <url>', 'address of the server').env('TMINUS_SERVER').default('http://127.0.0.1:7480'))
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json', 'yaml']).default('text'))
    .option('--json', 'the same as -o json')
    .option('--ascii', 'no symbols beyond ASCII', false)
    .option('--no-input', 'never ask')
    .option('--no-color', 'no colour; NO_COLOR does the same')
    .showSuggestionAfterError()
    .exitOverride();
  for (const verb of verbs) verb(program);
  // Global options may stand after the verb, where people write them.
  for (const command of program.commands) {
    command.exitOverride();
    command.showSuggestionAfterError();
    command.addOption(new Option('-o, --output <format>').choices(['text', 'json', 'yaml']).hideHelp());
    command.addOption(new Option('--json').hideHelp());
    command.addOption(new Option('--ascii').hideHelp());
    command.addOption(new Option('--no-input').hideHelp());
    command.addOption(new Option('--server <url>').hideHelp());
  }
  return program;
}

/** Parses, runs and answers the exit code. Never throws, never prints two documents. */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--no-color')) process.env['NO_COLOR'] = '1';
  const format = asked(argv);
  const program = createProgram();
  if (format !== 'text') for (const command of [program, ...program.commands]) command.configureOutput({ writeErr: () => undefined });
  process.exitCode = EXIT.done;
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.done;
  } catch (error) {
    if (!(error instanceof CommanderError)) return printFailure(format, error);
    if (error.exitCode === 0) return EXIT.done;
    if (format !== 'text') process.stdout.write(`${JSON.stringify({ apiVersion: 'tminus.dev/v1alpha1', kind: 'Error', code: 'Usage', message: error.message.replace(/^error: /, ''), hint: 'tminus --help' })}\n`);
    return EXIT.usage;
  }
}

/** Known before parsing, because parsing itself may fail. */
function asked(argv: readonly string[]): Format {
  if (argv.includes('--json')) return 'json';
  const at = argv.findIndex((word) => word === '-o' || word === '--output');
  const value = at >= 0 ? argv[at + 1] : argv.find((word) => word.startsWith('--output='))?.slice('--output='.length);
  return value === 'json' || value === 'yaml' ? value : 'text';
}
