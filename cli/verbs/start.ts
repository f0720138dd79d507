import type { Command } from 'commander';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { readSubmission } from '../submission.ts';
import { utc } from '../render/times.ts';

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
    .option('--launch-at <time>', 'launch time (RFC 3339) instead of what the file says')
    .option('--dry-run', 'check and plan, start nothing', false)
    .action(async (file: string, { launchAt, dryRun }: { launchAt?: string; dryRun: boolean }, command: Command) => {
      const plan = await connect(command).post<PlanAnswer>('/api/v1/releases', { ...(await readSubmission(file)), dryRun, ...(launchAt ? { launchAt } : {}) });
      print(command, plan, () => renderPlan(plan));
    });
}

export function renderPlan({ metadata, started, launchAt, checkpoints, links }: PlanAnswer): string {
  return [
    `${started === 'started' ? 'started' : 'planned only'}  ${metadata.name}   launch ${utc(launchAt)}`,
    ...checkpoints.map(({ name, at }) => `  ${utc(at)}  ${name}`),
    ...(started === 'started' ? [`page     ${links.page}`, `Next:  tminus status ${metadata.name} --watch`] : []),
  ].join('\n');
}
