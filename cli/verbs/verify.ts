import type { Command } from 'commander';
import { connect } from '../api.ts';
import { EXIT } from '../exit-codes.ts';
import { API_VERSION, hint, print } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { renderVerification } from '../render/verification.ts';
import { outcomeOf, verifyFindings } from '../verify/verify.ts';

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('makes every finding again from the stored evidence, here and not on the server, and compares them byte for byte')
    .argument('<release>')
    .addHelpText('after', '\nExit 0 verified, 3 something differs or cannot be read, 5 there is nothing to verify, or not in every step.')
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
