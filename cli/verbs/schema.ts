import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';

const files = {
  release: '../../release/schema/release.v1alpha1.json',
  environment: '../../release/schema/environment.v1alpha1.json',
  analysis: '../analyze/analysis.v1alpha1.json',
};

/** Prints the file that the repository holds: its own test keeps it fresh. */
export function schemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of a file kind, for editors, or of what analyze -o json prints')
    .addArgument(new Argument('[kind]', 'of which file').choices(Object.keys(files)).default('release'))
    .action((kind: keyof typeof files) => {
      process.stdout.write(readFileSync(join(import.meta.dirname, files[kind]), 'utf8'));
    });
}
