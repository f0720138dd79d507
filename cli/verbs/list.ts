import type { Command } from 'commander';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { utc } from '../render/times.ts';
import { lookOf, said } from '../render/words.ts';

interface ListAnswer {
  items: { name: string; service: string | null; phase: string | null; verdict: string | null; launchAt: string | null; nextCheckpointAt: string | null; state: string }[];
}

export function listCommand(program: Command): void {
  program
    .command('list')
    .description('all countdowns, running ones first')
    .option('--phase <phase>', 'only those in this phase')
    .action(async ({ phase }: { phase?: string }, command: Command) => {
      const { ascii } = command.optsWithGlobals<{ ascii: boolean }>();
      const answer = await connect(command).get<ListAnswer>(`/api/v1/releases${phase ? `?phase=${encodeURIComponent(phase)}` : ''}`);
      print(command, answer, () => renderList(answer, ascii));
    });
}

function renderList({ items }: ListAnswer, ascii: boolean): string {
  if (items.length === 0) return 'no countdowns yet; `tminus start release.yaml` starts one';
  const look = lookOf(ascii);
  const width = Math.max(...items.map(({ name }) => name.length), 7) + 2;
  return [
    `${'RELEASE'.padEnd(width)}${'SERVICE'.padEnd(22)}${'VERDICT'.padEnd(12)}${'PHASE'.padEnd(10)}LAUNCH`,
    ...items.map(({ name, service, verdict, phase, launchAt }) => `${name.padEnd(width)}${(service ?? '').padEnd(22)}${said(verdict ?? 'later', { ...look, stream: null }).padEnd(12)}${(phase ?? '').padEnd(10)}${launchAt ? utc(launchAt) : ''}`),
  ].join('\n');
}
