import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { usageFailure } from '../failure.ts';
import { API_VERSION, print } from '../output.ts';

const TEMPLATE = `# yaml-language-server: $schema=release.v1alpha1.json
# Editors complete and check this file once you have run: tminus schema > release.v1alpha1.json
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
      try {
        // Fails where there is one: nobody's file is overwritten, not even in a race.
        writeFileSync(file, TEMPLATE, { flag: 'wx' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        throw usageFailure(`${file} is already there and was not changed`, 'give another name: tminus init FILE');
      }
      print(
        command,
        { apiVersion: API_VERSION, kind: 'File', file },
        () => `${file} written\nNext:  edit it, then tminus validate ${file}`,
      );
    });
}
