import { examplesText, type Examples } from '../help.ts';
import type { Command } from 'commander';
import { exitCodeRows } from '../exit-codes.ts';
import { API_VERSION, print } from '../output.ts';

const EXAMPLES: Examples = [
  ['as a table', 'tminus exit-codes'],
  ['for a script', 'tminus exit-codes --json'],
  ['in use', 'tminus status go-api-1.4.0 --wait; echo $?'],
];

export function exitCodesCommand(program: Command): void {
  program
    .command('exit-codes')
    .description('List the exit codes')
    // The table is also in `tminus help exit-codes`.
    .addHelpText('after', () => `\n${table()}`)
    .addHelpText('after', examplesText(EXAMPLES))
    .action((_: unknown, command: Command) => {
      print(
        command,
        { apiVersion: API_VERSION, kind: 'ExitCodes', items: exitCodeRows.map(([code, meaning]) => ({ code, meaning })) },
        table,
      );
    });
}

const table = (): string => exitCodeRows.map(([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`).join('\n');
