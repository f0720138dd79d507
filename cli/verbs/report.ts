import { size } from '../../verdict/wording/index.ts';
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { connect, releasePath } from '../api.ts';
import { API_VERSION, print } from '../output.ts';

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('write the countdown as one self-contained HTML file')
    .argument('<release>')
    .requiredOption('--html <file>', 'where to write it')
    .action(async (release: string, { html }: { html: string }, command: Command) => {
      const page = await connect(command).text(releasePath(release, '/report'));
      await writeFile(html, page);
      const sizeBytes = Buffer.byteLength(page);
      print(
        command,
        { apiVersion: API_VERSION, kind: 'Report', metadata: { name: release }, file: html, sizeBytes },
        (shown) => `${shown.file} written, ${size(sizeBytes)}; it opens without network`,
      );
    });
}
