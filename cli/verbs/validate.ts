import type { Command } from 'commander';
import { problemOfFile, type ToldProblem } from '../../release/told-problem.ts';
import { EXIT } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { API_VERSION, formatOf, print, printFailure } from '../output.ts';
import { checkFile } from '../submission.ts';

interface Checked {
  file: string;
  /** In words, so that nobody reads a boolean the wrong way round. */
  outcome: 'valid' | 'invalid';
  kind: string | null;
  name: string | null;
  problems: readonly ToldProblem[];
  warnings: readonly ToldProblem[];
}

export function validateCommand(program: Command): void {
  program
    .command('validate')
    .description('check release and environment files; needs no server')
    .argument('<files...>')
    .action(async (files: string[], _: unknown, command: Command) => {
      const items = await Promise.all(files.map(check));
      const invalid = items.filter(({ outcome }) => outcome === 'invalid');
      const valid = items.filter(({ outcome }) => outcome === 'valid');
      process.exitCode = invalid.length > 0 ? EXIT.usage : EXIT.done;
      if (formatOf(command) !== 'text') return print(command, { apiVersion: API_VERSION, kind: 'Validation', items }, () => '');
      if (valid.length > 0)
        print(command, valid, (shown) =>
          shown.map(({ file, kind, name }) => `${file}: ${kind}${name === null ? '' : ` ${name}`} is valid`).join('\n'),
        );
      for (const warning of valid.flatMap(({ warnings }) => warnings)) process.stderr.write(`warning: ${warning.text}\n`);
      // Last, where the eye goes.
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

async function check(file: string): Promise<Checked> {
  try {
    const { kind, name, warnings } = await checkFile(file);
    return { file, outcome: 'valid', kind, name, problems: [], warnings };
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    return {
      file,
      outcome: 'invalid',
      kind: null,
      name: null,
      problems: error.problems.length > 0 ? error.problems : [problemOfFile(file, error.message, error.hint)],
      warnings: [],
    };
  }
}
