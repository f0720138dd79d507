import type { Command } from 'commander';
import type { Principal } from '../../verdict/verdict.ts';
import { connect } from '../api.ts';
import { print } from '../output.ts';

export function whoamiCommand(program: Command): void {
  program
    .command('whoami')
    .description('show your identity as the server sees it')
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
