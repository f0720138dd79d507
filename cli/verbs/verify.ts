import type { Command } from 'commander';
import { connect } from '../api.ts';
import { COUNTDOWN } from '../help.ts';
import { EXIT } from '../exit-codes.ts';
import { API_VERSION, hint, print } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { renderVerification } from '../render/verification.ts';
import { outcomeOf, verifyFindings } from '../verify/verify.ts';

const HELP = `
Reads the status and the evidence from the server, checks the SHA-256 of each piece, and runs the same analyses on this machine. The server's
findings are only compared. Changes nothing.

Examples:
  # recompute the findings of a countdown, also of one that has ended
  tminus verify go-api-1.4.0
  # for a script: verified, differs or nothing-to-verify
  tminus verify go-api-1.4.0 --json | jq -r .outcome

Exit 0 verified, 3 a finding differs or evidence cannot be read, 5 a step has nothing to verify.`;

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('Recompute all findings from the stored evidence and compare them with the recorded ones')
    .argument(...COUNTDOWN)
    .addHelpText('after', HELP)
    .action(async (release: string, _: unknown, command: Command) => {
      const api = connect(command);
      const status = await readStatus(api, release);
      hint(command, 'reading the evidence …');
      const steps = await verifyFindings(status, (digest) => api.bytes(`/api/v1/evidence/${digest}`));
      const outcome = outcomeOf(steps);
      print(command, { apiVersion: API_VERSION, kind: 'Verification', metadata: { name: release }, outcome, steps }, (shown, look) =>
        renderVerification(shown.metadata.name, shown.steps, look),
      );
      process.exitCode = { verified: EXIT.done, differs: EXIT.noGo, 'nothing-to-verify': EXIT.undecided }[outcome];
    });
}
