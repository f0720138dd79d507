import type { Command } from 'commander';
import { problemOfFile, type Problem } from '../../release/problem.ts';
import { ENVIRONMENT_FILE } from '../dev.ts';
import { EXIT } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { examplesText, type Examples } from '../help.ts';
import { API_VERSION, formatOf, hint, print, printFailure } from '../output.ts';
import { checkFile, problemsToStart, type CheckedFile } from '../submission.ts';

interface Checked {
  file: string;
  outcome: 'valid' | 'invalid';
  kind: string | null;
  name: string | null;
  problems: readonly Problem[];
  warnings: readonly Problem[];
  /** Whether the names of a release were checked against an environment file; null for an environment file. */
  names: 'checked' | 'not checked' | null;
}

const HELP = `
Checks fields, k6 scripts and launch time. With an environment file, also checks
that it has every name that a release uses (clusters, targets, databases, trace
stores, notification targets), and that no release launches without approval.`;

const EXAMPLES: Examples = [
  ['all checks that need no server', 'tminus validate release.yaml .tminus/environment.yaml'],
  ['one file', 'tminus validate release.yaml'],
];

export function validateCommand(program: Command): void {
  program
    .command('validate')
    .description('Check release and environment files; needs no server')
    .argument('<files...>', 'release and environment files')
    .addHelpText('after', `${HELP}\n${examplesText(EXAMPLES)}`)
    .action(async (files: string[], _: unknown, command: Command) => {
      const items = await checkAll(files);
      const invalid = items.filter(({ outcome }) => outcome === 'invalid');
      const valid = items.filter(({ outcome }) => outcome === 'valid');
      process.exitCode = invalid.length > 0 ? EXIT.usage : EXIT.done;
      if (formatOf(command) !== 'text') return print(command, { apiVersion: API_VERSION, kind: 'Validation', items }, () => '');
      if (valid.length > 0)
        print(command, valid, (shown) =>
          shown.map(({ file, kind, name }) => `${file}: ${kind}${name === null ? '' : ` ${name}`} is valid`).join('\n'),
        );
      if (items.some(({ names }) => names === 'not checked'))
        hint(command, `names were not checked; add the environment file: tminus validate ${files.join(' ')} ${ENVIRONMENT_FILE}`);
      for (const warning of valid.flatMap(({ warnings }) => warnings)) process.stderr.write(`warning: ${warning.text}\n`);
      // Last, so that they are not scrolled away.
      if (invalid.length > 0)
        printFailure(
          'text',
          new CliFailure(
            'InvalidRelease',
            '',
            '',
            EXIT.usage,
            invalid.flatMap(({ problems }) => problems),
          ),
        );
    });
}

type Found = { file: string } & (CheckedFile | { kind: null; problems: readonly Problem[] });

/** Checks each file alone, then the releases against the given environments. */
async function checkAll(files: readonly string[]): Promise<Checked[]> {
  const found = await Promise.all(files.map(check));
  const environments = found.flatMap((each) => (each.kind === 'Environment' ? [each.environment] : []));
  return Promise.all(
    found.map(async (each): Promise<Checked> => {
      const { file, kind } = each;
      if (kind === null) return { file, outcome: 'invalid', kind, name: null, problems: each.problems, warnings: [], names: null };
      const { warnings } = each;
      if (kind === 'Environment') return { file, outcome: 'valid', kind, name: null, problems: [], warnings, names: null };
      const { name } = each.loaded.release.metadata;
      const problems = await problemsToStart(file, each.loaded, environments);
      const names = environments.length > 0 ? 'checked' : 'not checked';
      return { file, outcome: problems.length > 0 ? 'invalid' : 'valid', kind, name, problems, warnings, names };
    }),
  );
}

async function check(file: string): Promise<Found> {
  try {
    return { file, ...(await checkFile(file)) };
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    return { file, kind: null, problems: error.problems.length > 0 ? error.problems : [problemOfFile(file, error.message, error.hint)] };
  }
}
