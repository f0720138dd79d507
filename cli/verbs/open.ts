import type { Command } from 'commander';
import { releasePath, serverUrl } from '../api.ts';
import { API_VERSION, print } from '../output.ts';

export function openCommand(program: Command): void {
  program
    .command('open')
    .description('print the address of a countdown’s page')
    .argument('<release>')
    .action((release: string, _: unknown, command: Command) => {
      const page = `${serverUrl(command)}${releasePath(release).replace('/api/v1/releases/', '/r/')}`;
      print(command, { apiVersion: API_VERSION, kind: 'Link', page }, (shown) => shown.page);
    });
}
