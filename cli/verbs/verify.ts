import type { Command } from 'commander';
import { connect } from '../api.ts';
import { EXIT } from '../exit-codes.ts';
import { API_VERSION, hint, print } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { renderVerification } from '../render/verification.ts';
import { verifyFindings } from '../verify/verify.ts';

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('makes every finding again from the stored evidence, here and not on the server, and compares them byte for byte')
    .argument('<release>')
    .action(async (release: string, _: unknown, command: Command) => {
      const api = connect(command);
      const status = await readStatus(api, release);
      hint(command, 'reading the evidence …');
      const steps = await verifyFindings(status, (digest) => api.bytes(`/api/v1/evidence/${digest}`));
      const verified = steps.every(({ result }) => result === 'same' || result === 'nothing-measured');
      print(command, { apiVersion: API_VERSION, kind: 'Verification', metadata: { name: release }, verified, steps }, (shown, look) =>
        renderVerification(shown.metadata.name, shown.steps, look),
      );
      process.exitCode = verified ? EXIT.done : EXIT.unexpected;
    });
}
