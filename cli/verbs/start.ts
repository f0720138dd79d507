import { InvalidArgumentError, type Command } from 'commander';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { readSubmission } from '../submission.ts';
import { relative, utc } from '../render/times.ts';

export interface PlanAnswer {
  metadata: { name: string };
  started: 'started' | 'dry-run';
  launchAt: string;
  checkpoints: { name: string; at: string }[];
  links: { page: string };
}

export function startCommand(program: Command): void {
  program
    .command('start')
    .description('start a countdown from a release file; starting the same file again answers the one that runs')
    .argument('<file>', 'release file')
    .option('--launch-at <time>', 'launch time (RFC 3339) instead of what the file says', timeOption)
    .option('--dry-run', 'check and plan, start nothing', false)
    .action(async (file: string, { launchAt, dryRun }: { launchAt?: string; dryRun: boolean }, command: Command) => {
      // The file first: what is wrong with it needs no server and no token to be told.
      const submission = await readSubmission(file);
      const plan = await connect(command).post<PlanAnswer>(
        '/api/v1/releases',
        { ...submission, dryRun, ...(launchAt ? { launchAt } : {}) },
        { twice: true },
      );
      print(command, plan, (shown) => renderPlan(shown, Date.now()));
    });
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})$/;

function timeOption(text: string): string {
  if (!RFC_3339.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('Write a time with its zone such as 2026-11-25T09:00:00Z.');
  return new Date(text).toISOString();
}

function renderPlan({ metadata, started, launchAt, checkpoints, links }: PlanAnswer, nowMs: number): string {
  const now = new Date(nowMs).toISOString();
  const width = Math.max(...checkpoints.map(({ name }) => name.length));
  return [
    `${started === 'started' ? 'started' : 'planned, not started'}   ${metadata.name}   launch ${utc(launchAt)} (${relative(launchAt, now)})`,
    ...checkpoints.map(({ name, at }) => `  ${name.padEnd(width)}  ${utc(at)} (${relative(at, now)})`),
    ...(started === 'started' ? [`page   ${links.page}`, `Next:  tminus status ${metadata.name} --watch`] : []),
  ].join('\n');
}
