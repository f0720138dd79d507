// `scripts/lab`: the lab for people. Progress goes to standard error, answers to standard output.
import { spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { lacks, machineFacts, toolLack } from './doctor.ts';
import { findFault } from './faults.ts';
import { down, status, up } from './lab.ts';
import { paths } from './paths.ts';
import { LabRefusal } from './owner.ts';
import { kill, restart } from './restart.ts';
import { deployShop, resetShop, shopPods } from './shop.ts';
import { partsTable } from './side-by-side.ts';
import { toolPath, wrongTools } from './tools/build.ts';
import { tools } from './tools/tools.ts';
import { startTraffic, stopTraffic } from './traffic.ts';

/** The machine or the state of the lab does not allow it; the sentence says the way out. */
const EXIT_REFUSED = 2;
const DEFAULT_RATE_PER_SECOND = 100;

const tell = (line: string) => process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

// `scripts/lab status | head` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const program = new Command('scripts/lab').description(
  'A real world for Tminus on one machine: Kubernetes, Temporal, Prometheus, PostgreSQL, Redis, and a shop to launch.',
);

program
  .command('up')
  .description('bring everything up; changes nothing that runs')
  .option('--no-shop', 'without the shop')
  .action(async ({ shop }: { shop: boolean }) => {
    const began = Date.now();
    const { lab, parts } = await up({ tell, ...(shop ? {} : { shop: false }) });
    if (parts.length > 0) for (const line of partsTable(parts, (Date.now() - began) / 1000)) tell(line);
    print(addresses(lab).join('\n'));
  });
program
  .command('down')
  .description('end everything and leave nothing but logs and image archives')
  .action(() => down({ tell }));
program.command('status').description('what runs').action(printStatus);
program.command('doctor').description('say what this machine lacks').action(printLacks);
program
  .command('restart')
  .argument('<component>')
  .description('end a component in its orderly way and start it again')
  .action((name: string) => restart(name, tell));
program
  .command('kill')
  .argument('<component>')
  .description('kill a component as a crash would (SIGKILL)')
  .action(async (name: string) => {
    print((await kill(name)) ? `${name} was killed` : `${name} did not run`);
  });
program
  .command('tool')
  .argument('<name>')
  .description(
    `build a tool unless it is there, and print its path: ${tools.flatMap(({ binaries }) => binaries.map(({ name }) => name)).join(', ')}`,
  )
  .action(async (name: string) => {
    print(await toolPath(name, tell));
  });
program
  .command('shop')
  .description('deploy the shop: production on the current version, staging on the candidate')
  .option('--fault <name>', 'a candidate that is broken on purpose')
  .option('--reset', 'put both Deployments back as they were deployed')
  .action(async ({ fault, reset }: { fault?: string; reset?: boolean }) => {
    const deployed = await (reset ? resetShop(tell) : deployShop(fault === undefined ? {} : { fault: findFault(fault) }, tell));
    print(JSON.stringify(deployed));
  });
program
  .command('traffic')
  .argument('<start|stop>')
  .argument('[rate]', 'requests per second', String(DEFAULT_RATE_PER_SECOND))
  .description('users of production')
  .action(async (verb: string, rate: string) => {
    if (verb === 'start') await startTraffic(Number(rate));
    else if (verb === 'stop') await stopTraffic();
    else throw new LabRefusal(`traffic can be started or stopped, not ${verb}`);
  });
program
  .command('kubectl')
  .description('kubectl as admin of the lab')
  .allowUnknownOption()
  .allowExcessArguments()
  .helpOption(false)
  .argument('[args...]')
  .action(async (args: string[]) => {
    const { status: code } = spawnSync(await toolPath('kubectl', tell), [`--kubeconfig=${paths().adminKubeconfig}`, ...args], {
      stdio: 'inherit',
    });
    process.exitCode = code ?? 1;
  });

async function printStatus(): Promise<void> {
  const lab = paths();
  const { owner, components } = status();
  if (owner === undefined) {
    print('the lab is not up; `scripts/lab up` brings it up');
    return;
  }
  print(`lab of ${owner}`);
  for (const { name, alive, pid, log } of components)
    print(`  ${name.padEnd(24)} ${alive ? `runs as ${pid}`.padEnd(16) : 'does not run'.padEnd(16)} ${log}`);
  if (owner === lab.checkout) print([...addresses(lab), await shopPods(lab).catch((error: Error) => error.message)].join('\n'));
  // Scripts ask whether the lab is whole.
  if (components.some(({ alive }) => !alive)) process.exitCode = 1;
}

async function printLacks(): Promise<void> {
  const found = [...lacks(await machineFacts(paths())), ...wrongTools().map(toolLack)];
  for (const { sentence, wayOut } of found) print(`${sentence} ${wayOut}`);
  if (found.length === 0) print('This machine has all the lab needs.');
  else process.exitCode = EXIT_REFUSED;
}

function addresses(lab: ReturnType<typeof paths>): string[] {
  return [
    `apiserver     ${lab.apiserver}`,
    `kubeconfig    ${lab.adminKubeconfig} (admin), ${lab.tminusKubeconfig} (tminus)`,
    `environment   ${lab.environment}`,
    `prometheus    ${lab.prometheus}`,
    `alertmanager  ${lab.alertmanager}`,
    `temporal      ${lab.temporal}`,
    `shop          ${lab.targets.shop}  staging ${lab.targets['shop-staging']}`,
  ];
}

try {
  await program.parseAsync();
} catch (error) {
  tell(error instanceof LabRefusal ? error.message : `lab   failed: ${(error as Error).message}`);
  process.exitCode = error instanceof LabRefusal ? EXIT_REFUSED : 1;
}
