import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import type { Command } from 'commander';
import { connect } from '../api.ts';
import { API_VERSION, print } from '../output.ts';
import { findCheckpoint, readStatus } from '../read-status.ts';
import { renderExplain } from '../render/explain.ts';
import { harmless } from '../render/harmless.ts';

const EXAMPLES: Examples = [
  ['the current checkpoint', 'tminus explain go-api-1.4.0'],
  ['another checkpoint', 'tminus explain go-api-1.4.0 --checkpoint load-and-diagnosis'],
  ['codes of the reasons, for a script', "tminus explain go-api-1.4.0 --json | jq -r '.checkpoint.evaluation.reasons[].code'"],
];

export function explainCommand(program: Command): void {
  program
    .command('explain')
    .description('Explain a verdict: each reason with its numbers, evidence and next step')
    .argument(...COUNTDOWN)
    .option('--checkpoint <name>', 'checkpoint to explain (default: the current one)')
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (countdown: string, { checkpoint: asked }: { checkpoint?: string }, command: Command) => {
      const api = connect(command);
      const status = await readStatus(api, countdown);
      const checkpoint = findCheckpoint(status, asked);
      const { links, verdict, ending, message } = status;
      const document = {
        apiVersion: API_VERSION,
        kind: 'Explanation',
        metadata: { name: countdown, revision: checkpoint.revision },
        verdict,
        ...(ending ? { ending } : {}),
        message,
        checkpoint,
        links,
      };
      const evidenceUrl = (digest: string): string => `${api.url}/api/v1/evidence/${digest}`;
      print(command, document, (shown, style) =>
        renderExplain(harmless(status), { style, checkpoint: shown.checkpoint, evidenceUrl, page: shown.links.page }),
      );
    });
}
