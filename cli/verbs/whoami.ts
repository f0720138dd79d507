import { examplesText, type Examples } from '../help.ts';
import type { Command } from 'commander';
import type { Principal } from '../../verdict/verdict.ts';
import { connect } from '../api.ts';
import { print } from '../output.ts';

const EXAMPLES: Examples = [
  ['name, issuer and groups', 'tminus whoami'],
  ['with another token', 'tminus whoami --token-file ~/tokens/a.osei'],
  ['groups, for a script', "tminus whoami --json | jq -r '.principal.groups[]'"],
];

export function whoamiCommand(program: Command): void {
  program
    .command('whoami')
    .description('Show your identity, as verified by the server')
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (_: unknown, command: Command) => {
      const answer = await connect(command).get<{ principal: Principal }>('/api/v1/whoami');
      print(
        command,
        answer,
        ({ principal: { displayName, issuer, subject, groups, verified } }) =>
          `${displayName} (${issuer}/${subject})${verified ? '' : ' unverified'}   groups: ${groups.join(', ') || 'none'}`,
      );
    });
}
