import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { EXIT } from './exit-codes.ts';
import { usageFailure } from './failure.ts';
import { printFailure, type Format } from './output.ts';
import { verbGroups } from './registry.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Below the help of each verb. */
export const GLOBAL_OPTIONS_HINT = 'Options of every verb (--server, --token-file, -o ...): `tminus --help`.';

/** The whole command line, ready to parse. Options of the program may stand before or after the verb. */
export function createProgram(): Command {
  const program = new Command('tminus')
    .description('Runs the last 72 hours before a Go service goes live as one durable workflow.')
    .addOption(new Option('--server <url>', 'address of the server').env('TMINUS_SERVER').default('http://127.0.0.1:7480'))
    .addOption(
      new Option('--token-file <file>', 'file with your API token (default: $TMINUS_TOKEN, then ${TMINUS_HOME:-.tminus}/token)').env(
        'TMINUS_TOKEN_FILE',
      ),
    )
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json', 'yaml']).default('text'))
    .option('--json', 'the same as -o json')
    .option('--ascii', 'print ASCII only (default if the locale is not UTF-8)')
    .option('--no-input', 'never prompt')
    .option('--no-color', 'print without colour (also: NO_COLOR)')
    .version(version, '--version', 'print the version')
    .showSuggestionAfterError()
    .exitOverride();
  for (const [group, verbs] of Object.entries(verbGroups)) {
    program.commandsGroup(`${group}:`);
    for (const verb of verbs) verb(program);
  }
  // Once, in the program's own help, and not below every verb.
  for (const verb of verbsOf(program)) verb.addHelpText('after', `\n${GLOBAL_OPTIONS_HINT}`);
  return program;
}

/** All verbs, and those below a verb: `alarms budget`. */
const verbsOf = (command: Command): Command[] => command.commands.flatMap((verb) => [verb, ...verbsOf(verb)]);

/** Parses, runs and answers the exit code. Never throws, never prints two documents. */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--no-color')) {
    process.env['NO_COLOR'] = '1';
    delete process.env['FORCE_COLOR'];
  }
  const format = askedFormat(argv);
  const ascii = argv.includes('--ascii');
  const program = createProgram();
  // Commander prints usage errors itself; for -o json and yaml the one document has them.
  if (format !== 'text') for (const command of [program, ...verbsOf(program)]) command.configureOutput({ writeErr: () => undefined });
  process.exitCode = EXIT.done;
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.done;
  } catch (error) {
    if (!(error instanceof CommanderError)) return printFailure(format, error, { line: isStream(argv), ascii });
    if (error.exitCode === 0) return EXIT.done;
    return format === 'text' ? EXIT.usage : printFailure(format, usageFailureOf(error));
  }
}

/** `error: unknown command 'statu'` and its suggestion in brackets, as message and hint. */
function usageFailureOf({ code, message }: CommanderError) {
  if (code === 'commander.help') return usageFailure('no verb', 'tminus --help lists the verbs');
  const [said = '', suggestion = ''] = message.replace(/^error: /, '').split('\n');
  return usageFailure(said, suggestion === '' ? 'tminus --help' : suggestion.replace(/^\((.*)\)$/, '$1'));
}

/** Known before parsing, because parsing itself may fail. */
export function askedFormat(argv: readonly string[]): Format {
  if (argv.includes('--json')) return 'json';
  const at = argv.findIndex((word) => word === '-o' || word === '--output');
  const value = at >= 0 ? argv[at + 1] : argv.find((word) => /^(--output=|-o=?[jy])/.test(word))?.replace(/^(--output=|-o=?)/, '');
  return value === 'json' || value === 'yaml' ? value : 'text';
}

/** Those that answer one document a line. */
export const isStream = (argv: readonly string[]): boolean =>
  argv.some((word) => word === '--watch' || word === '-w' || word === '--follow' || word === 'rehearse');
