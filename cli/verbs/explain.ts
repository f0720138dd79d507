import type { Command } from 'commander';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { renderExplain } from '../render/explain.ts';
import { lookOf } from '../render/words.ts';
import { readStatus } from './status.ts';

export function explainCommand(program: Command): void {
  program
    .command('explain')
    .description('why go, no-go or hold: each reason with its numbers, evidence and what to do')
    .argument('<release>')
    .option('--checkpoint <name>', 'another checkpoint than the one it is at')
    .action(async (release: string, { checkpoint }: { checkpoint?: string }, command: Command) => {
      const status = await readStatus(connect(command), release);
      const at = status.checkpoints.find(({ name }) => name === (checkpoint ?? status.current));
      const document = { apiVersion: 'tminus.dev/v1alpha1', kind: 'Explanation', metadata: { name: release }, checkpoint: at?.name ?? null, verdict: status.verdict, reasons: at?.evaluation?.reasons ?? [], findings: at?.evaluation?.findings ?? [] };
      print(command, document, () => renderExplain(status, lookOf(command.optsWithGlobals<{ ascii: boolean }>().ascii), checkpoint));
    });
}
