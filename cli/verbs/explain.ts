import type { Command } from 'commander';
import { connect } from '../api.ts';
import { API_VERSION, print } from '../output.ts';
import { findCheckpoint, readStatus } from '../read-status.ts';
import { renderExplain } from '../render/explain.ts';
import { harmless } from '../render/harmless.ts';

export function explainCommand(program: Command): void {
  program
    .command('explain')
    .description('explain go, no-go or hold: each reason with its numbers, evidence and next step')
    .argument('<release>')
    .option('--checkpoint <name>', 'another checkpoint than the one it is at')
    .action(async (release: string, { checkpoint: asked }: { checkpoint?: string }, command: Command) => {
      const api = connect(command);
      const status = await readStatus(api, release);
      const checkpoint = findCheckpoint(status, asked);
      const { links, verdict, ending, sentence } = status;
      const document = {
        apiVersion: API_VERSION,
        kind: 'Explanation',
        metadata: { name: release, revision: checkpoint.revision },
        verdict,
        ...(ending ? { ending } : {}),
        sentence,
        checkpoint,
        links,
      };
      const evidenceUrl = (digest: string): string => `${api.url}/api/v1/evidence/${digest}`;
      print(command, document, (shown, look) =>
        renderExplain(harmless(status), { look, checkpoint: shown.checkpoint, evidenceUrl, page: shown.links.page }),
      );
    });
}
