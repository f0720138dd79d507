import type { Command } from 'commander';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { renderLeftovers, type LeftoverList } from '../render/leftovers.ts';

const HELP = `
Effects that were registered and neither restored nor settled, from the undo journal in the evidence folder, with the countdown that owns each
and whether its restorer runs. It changes nothing.

Examples:
  # what stands, one effect a line, by service
  tminus leftovers
  # for a script: nothing stands when this prints 0
  tminus leftovers --output json | jq '.items | length'`;

export function leftoversCommand(program: Command): void {
  program
    .command('leftovers')
    .description('list what stands, by service: effects that are not restored, and who restores them')
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      print(command, await connect(command).get<LeftoverList>('/api/v1/leftovers'), (shown, look) =>
        renderLeftovers(shown, look, Date.now()),
      );
    });
}
