import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import { size } from '../../verdict/wording/index.ts';
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { connect, countdownPath } from '../api.ts';
import { API_VERSION, print } from '../output.ts';

const EXAMPLES: Examples = [
  ['write it', 'tminus report go-api-1.4.0 --html go-api-1.4.0.html'],
  ['its size, for a script', 'tminus report go-api-1.4.0 --html report.html --json | jq .sizeBytes'],
  ['from another server', 'tminus --server https://tminus.example.com report go-api-1.4.0 --html report.html'],
];

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('Write a self-contained HTML report of a countdown')
    .argument(...COUNTDOWN)
    .requiredOption('--html <file>', 'file to write')
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (countdown: string, { html }: { html: string }, command: Command) => {
      const page = await connect(command).text(countdownPath(countdown, '/report'));
      await writeFile(html, page);
      const sizeBytes = Buffer.byteLength(page);
      print(
        command,
        { apiVersion: API_VERSION, kind: 'Report', metadata: { name: countdown }, file: html, sizeBytes },
        (shown) => `${shown.file} written, ${size(sizeBytes)}; it opens without network`,
      );
    });
}
