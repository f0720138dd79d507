// Verbs that need no server: init, validate, schema.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CliFailure, usageFailure } from '../failure.ts';
import { EXIT } from '../exit-codes.ts';
import { formatOf, print } from '../output.ts';
import { readRelease } from '../submission.ts';

const TEMPLATE = `# yaml-language-server: $schema=release.v1alpha1.json   (tminus schema > release.v1alpha1.json)
apiVersion: tminus.dev/v1alpha1
kind: Release
metadata:
  name: my-service-1.0.0            # one name per launch
spec:
  service: { name: my-service, namespace: prod, image: "registry.example/my-service:sha-0000000" }
  cluster: prod                     # a name from the worker's environment file
  countdown: 72h                    # or launchAt: 2026-11-25T09:00:00Z
  load: { script: k6/load.js, target: staging }            # a k6 script beside this file; a target of the environment file
  approvers: { groups: [release-managers], count: 2 }      # who decides at T-1h
`;

export function initCommand(program: Command): void {
  program
    .command('init')
    .description('write a commented release file')
    .argument('[file]', 'where to write it', 'release.yaml')
    .action((file: string, _: unknown, command: Command) => {
      if (existsSync(file)) throw usageFailure(`${file} is already there and was not changed`, 'give another name');
      writeFileSync(file, TEMPLATE);
      print(command, { apiVersion: 'tminus.dev/v1alpha1', kind: 'File', file }, () => `${file} written\nNext:  edit it, then tminus validate ${file}`);
    });
}

export function validateCommand(program: Command): void {
  program
    .command('validate')
    .description('check release files; needs no server')
    .argument('<files...>')
    .action(async (files: string[], _: unknown, command: Command) => {
      const checked = await Promise.all(
        files.map(async (file) => {
          try {
            const { release, warnings } = await readRelease(file);
            return { file, valid: 'yes', name: release.metadata.name, problems: [] as readonly string[], warnings };
          } catch (error) {
            if (!(error instanceof CliFailure)) throw error;
            return { file, valid: 'no', name: null, problems: error.problems.length > 0 ? error.problems : [error.message], warnings: [] as string[] };
          }
        }),
      );
      const bad = checked.some(({ valid }) => valid === 'no');
      const text = checked.flatMap(({ file, problems, warnings, name }) => [...problems, ...warnings.map((warning) => `warning: ${warning}`), ...(problems.length === 0 ? [`${file}: ${name} is valid`] : [])]).join('\n');
      if (bad && formatOf(command) === 'text') process.stderr.write(`${text}\n`);
      else print(command, { apiVersion: 'tminus.dev/v1alpha1', kind: 'Validation', items: checked }, () => text);
      process.exitCode = bad ? EXIT.usage : EXIT.done;
    });
}

export function schemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of a file kind, for editors')
    .argument('[kind]', 'release or environment', 'release')
    .action((kind: string) => {
      if (kind !== 'release' && kind !== 'environment') throw usageFailure(`there is no schema of ${kind}`, 'release and environment are the kinds there are');
      process.stdout.write(readFileSync(join(import.meta.dirname, '../../release/schema', `${kind}.v1alpha1.json`), 'utf8'));
    });
}
