import { Option, type Command } from 'commander';
import type { Phase } from '../../verdict/can.ts';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { renderList, type ListedRelease } from '../render/list.ts';

const phases: Record<Phase, true> = {
  opening: true,
  counting: true,
  running: true,
  waiting: true,
  holding: true,
  stopped: true,
  undoing: true,
  ended: true,
};

export function listCommand(program: Command): void {
  program
    .command('list')
    .description('all countdowns, running ones first')
    .addOption(new Option('--phase <phase>', 'only those in this phase').choices(Object.keys(phases)))
    .action(async ({ phase }: { phase?: Phase }, command: Command) => {
      const answer = await connect(command).get<{ items: ListedRelease[] }>(`/api/v1/releases${phase ? `?phase=${phase}` : ''}`);
      print(command, answer, ({ items }, look) =>
        items.length === 0 && phase ? `no countdown is ${phase}` : renderList(items, look, Date.now()),
      );
    });
}
