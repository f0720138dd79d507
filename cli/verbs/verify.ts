import type { Command } from 'commander';
import { connect } from '../api.ts';
import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import { EXIT } from '../exit-codes.ts';
import { API_VERSION, hint, print } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { renderVerification } from '../render/verification.ts';
import { outcomeOf, verifyFindings } from '../verify/verify.ts';

const HELP = `
Reads the status and the evidence from the server, checks the SHA-256 of each
piece, runs the same analyses on this machine, and compares the findings with
those of the server. Changes nothing.`;

const EXITS = `

Exit 0 verified, 3 a finding differs or evidence cannot be read, 5 a step has
nothing to verify.`;

const EXAMPLES: Examples = [
  ['a countdown, running or ended', 'tminus verify go-api-1.4.0'],
  ['for a script: verified, differs or nothing-to-verify', 'tminus verify go-api-1.4.0 --json | jq -r .outcome'],
];

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('Recompute all findings from the stored evidence and compare them with the recorded ones')
    .argument(...COUNTDOWN)
    .addHelpText('after', `${HELP}\n${examplesText(EXAMPLES)}${EXITS}`)
    .action(async (countdown: string, _: unknown, command: Command) => {
      const api = connect(command);
      const status = await readStatus(api, countdown);
      hint(command, 'reading the evidence …');
      const steps = await verifyFindings(status, (digest) => api.bytes(`/api/v1/evidence/${digest}`));
      const outcome = outcomeOf(steps);
      print(command, { apiVersion: API_VERSION, kind: 'Verification', metadata: { name: countdown }, outcome, steps }, (shown, style) =>
        renderVerification(shown.metadata.name, shown.steps, style),
      );
      process.exitCode = { verified: EXIT.done, differs: EXIT.noGo, 'nothing-to-verify': EXIT.undecided }[outcome];
    });
}
