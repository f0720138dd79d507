import { examplesText, type Examples } from '../help.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';

const files = {
  release: '../../release/schema/release.v1alpha1.json',
  environment: '../../release/schema/environment.v1alpha1.json',
  analysis: '../analyze/analysis.v1alpha1.json',
};

const EXAMPLES: Examples = [
  ['release files, for an editor', 'tminus schema > release.v1alpha1.json'],
  ['environment files', 'tminus schema environment > .tminus/environment.v1alpha1.json'],
  ['output of analyze', 'tminus schema analysis'],
];

export function schemaCommand(program: Command): void {
  program
    .command('schema')
    .description('Print the JSON Schema of a file kind, or of the output of analyze -o json')
    .addArgument(new Argument('[kind]', 'kind of file').choices(Object.keys(files)).default('release'))
    .addHelpText('after', examplesText(EXAMPLES))
    .action((kind: keyof typeof files) => {
      process.stdout.write(readFileSync(join(import.meta.dirname, files[kind]), 'utf8'));
    });
}
