import type { Command } from 'commander';
import { connect } from '../api.ts';
import { examplesText, type Examples } from '../help.ts';
import { print } from '../output.ts';
import { renderLeftovers, type LeftoverList } from '../render/leftovers.ts';

const HELP = `
Lists changes that were neither restored nor settled, from the undo journal in
the evidence folder of the server: each with its countdown, and whether its
restorer runs. Changes nothing, and exits with 0 also if there are open undos.
After a countdown was terminated, its restorer restores within a minute. NEXT
is the next command; EVIDENCE-FOLDER in it is spec.evidence.folder of the
environment file.`;

const EXAMPLES: Examples = [
  ['one open undo per line, by service', 'tminus leftovers'],
  ['number of open undos and unreadable records, for a script', "tminus leftovers --json | jq '.items + .damaged | length'"],
];

export function leftoversCommand(program: Command): void {
  program
    .command('leftovers')
    .description('List open undos by service, and the commands that restore them')
    .addHelpText('after', `${HELP}\n${examplesText(EXAMPLES)}`)
    .action(async (_: unknown, command: Command) => {
      print(command, await connect(command).get<LeftoverList>('/api/v1/leftovers'), (shown, style) =>
        renderLeftovers(shown, style, Date.now()),
      );
    });
}
