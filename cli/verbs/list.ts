import { examplesText, type Examples } from '../help.ts';
import { Option, type Command } from 'commander';
import type { Phase } from '../../verdict/can.ts';
import { connect, type Api } from '../api.ts';
import { print } from '../output.ts';
import { renderList, type ListedCountdown } from '../render/list.ts';

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

interface ListAnswer {
  items: ListedCountdown[];
  nextPage?: string | null | undefined;
}

const EXAMPLES: Examples = [
  ['running and recent countdowns', 'tminus list'],
  ['countdowns that wait for approval', 'tminus list --phase waiting'],
  ['names of all countdowns, for a script', "tminus list --all --json | jq -r '.items[].name'"],
];

export function listCommand(program: Command): void {
  program
    .command('list')
    .description('List countdowns, running ones first')
    .addOption(new Option('--phase <phase>', 'only countdowns in this phase').choices(Object.keys(phases)))
    .option('--all', 'list all ended countdowns, not only the newest 500', false)
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async ({ phase, all }: { phase?: Phase; all: boolean }, command: Command) => {
      const answer = await read(connect(command), phase, all);
      print(command, answer, ({ items, nextPage }, style) =>
        [
          items.length === 0 && phase ? `no countdowns in phase ${phase}` : renderList(items, style, Date.now()),
          ...(!nextPage ? [] : ['more ended countdowns: `tminus list --all`']),
        ].join('\n'),
      );
    });
}

/** The first page has all running countdowns; with `all`, all pages as one list. */
async function read(api: Api, phase: Phase | undefined, all: boolean): Promise<ListAnswer> {
  const page = async (token: string | null): Promise<ListAnswer> => {
    const query = new URLSearchParams({ ...(phase ? { phase } : {}), ...(token === null ? {} : { page: token }) }).toString();
    return await api.get<ListAnswer>(`/api/v1/countdowns${query === '' ? '' : `?${query}`}`);
  };
  const answer = await page(null);
  if (!all) return answer;
  while (answer.nextPage) {
    const { items, nextPage } = await page(answer.nextPage);
    answer.items.push(...items);
    answer.nextPage = nextPage;
  }
  return answer;
}
