import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';

const folder = join(import.meta.dirname, '../../release/schema');

/** Prints the file that the repository holds: its own test keeps it fresh. */
export function schemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of a file kind, for editors')
    .addArgument(new Argument('[kind]', 'of which file').choices(['release', 'environment']).default('release'))
    .action((kind: string) => {
      process.stdout.write(readFileSync(join(folder, `${kind}.v1alpha1.json`), 'utf8'));
    });
}
