import type { Command } from 'commander';
import { exitCodeRows } from '../exit-codes.ts';
import { API_VERSION, print } from '../output.ts';

export function exitCodesCommand(program: Command): void {
  program
    .command('exit-codes')
    .description('list the exit codes')
    // So that `tminus help exit-codes` says it, too.
    .addHelpText('after', () => `\n${table()}`)
    .action((_: unknown, command: Command) => {
      print(
        command,
        { apiVersion: API_VERSION, kind: 'ExitCodes', items: exitCodeRows.map(([code, meaning]) => ({ code, meaning })) },
        table,
      );
    });
}

const table = (): string => exitCodeRows.map(([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`).join('\n');
