// The command line: all verbs, the options they share, and one run of it. Help, completion and docs/reference/cli.md are generated from it.
import { createRequire } from 'node:module';
import { Command, CommanderError, Help, Option } from 'commander';
import { devCommand } from './dev.ts';
import { EXIT } from './exit-codes.ts';
import { CliFailure, usageFailure } from './failure.ts';
import { examplesText, type Examples } from './help.ts';
import { printFailure, type Format } from './output.ts';
import { rehearseCommand } from './rehearse.ts';
import { abortCommand } from './verbs/abort.ts';
import { alarmsCommand } from './verbs/alarms.ts';
import { analyzeCommand } from './verbs/analyze.ts';
import { approveCommand } from './verbs/approve.ts';
import { completionCommand } from './verbs/completion.ts';
import { doctorCommand } from './verbs/doctor.ts';
import { drillCommand } from './verbs/drill.ts';
import { eventsCommand } from './verbs/events.ts';
import { exitCodesCommand } from './verbs/exit-codes.ts';
import { explainCommand } from './verbs/explain.ts';
import { holdCommand } from './verbs/hold.ts';
import { initCommand } from './verbs/init.ts';
import { leftoversCommand } from './verbs/leftovers.ts';
import { listCommand } from './verbs/list.ts';
import { loginCommand } from './verbs/login.ts';
import { openCommand } from './verbs/open.ts';
import { pruneCommand } from './verbs/prune.ts';
import { recycleCommand } from './verbs/recycle.ts';
import { rejectCommand } from './verbs/reject.ts';
import { reportCommand } from './verbs/report.ts';
import { restoreCommand } from './verbs/restore.ts';
import { resumeCommand } from './verbs/resume.ts';
import { retryCommand } from './verbs/retry.ts';
import { schemaCommand } from './verbs/schema.ts';
import { startCommand } from './verbs/start.ts';
import { statusCommand } from './verbs/status.ts';
import { validateCommand } from './verbs/validate.ts';
import { verifyCommand } from './verbs/verify.ts';
import { waiveCommand } from './verbs/waive.ts';
import { whoamiCommand } from './verbs/whoami.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

type Verb = (program: Command) => void;

/** In the order of the help. */
const verbGroups: Readonly<Record<string, readonly Verb[]>> = {
  Author: [initCommand, validateCommand, schemaCommand],
  Run: [devCommand, startCommand, rehearseCommand, drillCommand, doctorCommand, pruneCommand],
  Inspect: [listCommand, statusCommand, explainCommand, eventsCommand, verifyCommand, reportCommand, openCommand, leftoversCommand],
  Decide: [approveCommand, rejectCommand, holdCommand, resumeCommand, recycleCommand, retryCommand, waiveCommand, abortCommand],
  Account: [loginCommand, whoamiCommand],
  Offline: [analyzeCommand, alarmsCommand, restoreCommand, completionCommand, exitCodesCommand],
};

const EXAMPLES: Examples = [
  ['write a release file and an environment file', 'tminus init'],
  ['check them after editing', 'tminus validate release.yaml .tminus/environment.yaml'],
  ['run server and worker on this machine', 'tminus dev'],
  ['start the countdown, in a second terminal', 'tminus start release.yaml'],
  ['follow it', 'tminus status my-service-1.0.0 --watch'],
];

/** Below the help of each verb. */
export const GLOBAL_OPTIONS_HINT = 'Options of every verb (--server, --token-file, -o ...): `tminus --help`.';

/** The whole command line, ready to parse. Options of the program may come before or after the verb. */
export function createProgram(): Command {
  const program = new Command('tminus')
    .description('Run the last 72 hours before a Go service goes live as one durable workflow.')
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
    .configureHelp({ optionDescription })
    .addHelpText('after', `${examplesText(EXAMPLES)}\n\nHelp of a verb, with examples: \`tminus <verb> --help\`.`)
    .showSuggestionAfterError()
    .exitOverride();
  for (const [group, verbs] of Object.entries(verbGroups)) {
    program.commandsGroup(`${group}:`);
    for (const verb of verbs) verb(program);
  }
  // The options themselves are listed in the help of the program only.
  for (const verb of verbsOf(program)) verb.addHelpText('after', `\n${GLOBAL_OPTIONS_HINT}`);
  return program;
}

/** Marks required options, and hides the default of flags, which is always off. */
function optionDescription(this: Help, option: Option): string {
  if (option.mandatory) return `${option.description} (required)`;
  return option.defaultValue === false ? option.description : Help.prototype.optionDescription.call(this, option);
}

/** All verbs, with those of a verb: `alarms budget`. */
const verbsOf = (command: Command): Command[] => command.commands.flatMap((verb) => [verb, ...verbsOf(verb)]);

/** Runs the command line of this process and sets its exit code. */
export async function run(argv: readonly string[]): Promise<void> {
  // `dev` stops its parts in order on Ctrl-C; every other verb exits at once.
  if (!argv.includes('dev')) process.once('SIGINT', () => interrupt(argv));
  // A reader that closes the pipe early (`| head`) is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.unexpected));
  process.exitCode = await main(argv);
}

function interrupt(argv: readonly string[]): void {
  const failure = new CliFailure(
    'Interrupted',
    'interrupted',
    'the request may still take effect; tminus status shows it',
    EXIT.interrupted,
  );
  if (askedFormat(argv) !== 'text') printFailure(askedFormat(argv), failure, { line: isStream(argv) });
  process.exit(EXIT.interrupted);
}

/** Parses and runs one command and returns its exit code. Never throws, never prints two documents. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--no-color')) {
    process.env['NO_COLOR'] = '1';
    delete process.env['FORCE_COLOR'];
  }
  const format = askedFormat(argv);
  const ascii = argv.includes('--ascii');
  const program = createProgram();
  // Commander prints usage errors as text; with -o json and yaml they are in the document.
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
  const [text = '', suggestion = ''] = message.replace(/^error: /, '').split('\n');
  return usageFailure(text, suggestion === '' ? 'tminus --help' : suggestion.replace(/^\((.*)\)$/, '$1'));
}

/** Read without parsing, because parsing may fail. */
function askedFormat(argv: readonly string[]): Format {
  if (argv.includes('--json')) return 'json';
  const at = argv.findIndex((word) => word === '-o' || word === '--output');
  const value = at >= 0 ? argv[at + 1] : argv.find((word) => /^(--output=|-o=?[jy])/.test(word))?.replace(/^(--output=|-o=?)/, '');
  return value === 'json' || value === 'yaml' ? value : 'text';
}

/** True for the verbs that print one document per line. */
const isStream = (argv: readonly string[]): boolean =>
  argv.some((word) => word === '--watch' || word === '-w' || word === '--follow' || word === 'rehearse');
