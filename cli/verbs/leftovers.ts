import type { Command } from 'commander';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { renderLeftovers, type LeftoverList } from '../render/leftovers.ts';

const HELP = `
Effects that were registered and neither restored nor settled, from the undo journal in the evidence folder, with the countdown that owns each
and whether its restorer runs. It changes nothing, and exits with 0 also when something stands. Where a countdown was terminated, its restorer
restores within a minute. NEXT is the command to type; EVIDENCE-FOLDER is spec.evidence.folder of the worker's environment file.

Examples:
  # what stands, one effect a line, by service
  tminus leftovers
  # for a script: nothing stands when this prints 0
  tminus leftovers --output json | jq '.items + .damaged | length'`;

export function leftoversCommand(program: Command): void {
  program
    .command('leftovers')
    .description('List open undos by service, and what restores them')
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      print(command, await connect(command).get<LeftoverList>('/api/v1/leftovers'), (shown, look) =>
        renderLeftovers(shown, look, Date.now()),
      );
    });
}
