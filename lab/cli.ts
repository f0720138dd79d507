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

/** The machine or the state of the lab does not allow the command; the message has a hint. */
const EXIT_REFUSED = 2;
const DEFAULT_RATE_PER_SECOND = 100;

const progress = (line: string) => process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

// `scripts/lab status | head` closes the pipe early: that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const program = new Command('scripts/lab').description(
  'A real environment for Tminus on one machine: Kubernetes, Temporal, Prometheus, PostgreSQL, Redis, and a shop service to launch.',
);

program
  .command('up')
  .description('Start every component that does not run')
  .option('--no-shop', 'do not deploy the shop')
  .action(async ({ shop }: { shop: boolean }) => {
    const began = Date.now();
    const { lab, parts } = await up({ progress, ...(shop ? {} : { shop: false }) });
    if (parts.length > 0) for (const line of partsTable(parts, (Date.now() - began) / 1000)) progress(line);
    print(addresses(lab).join('\n'));
  });
program
  .command('down')
  .description('Stop everything; keep only logs and image archives')
  .action(() => down({ progress }));
program.command('status').description('Show components, processes, logs and addresses').action(printStatus);
program.command('doctor').description('Check the prerequisites of this machine, and the cached tools').action(printLacks);
program
  .command('restart')
  .argument('<component>')
  .description('Stop a component gracefully and start it again')
  .action((name: string) => restart(name, progress));
program
  .command('kill')
  .argument('<component>')
  .description('Kill a component with SIGKILL, as a crash would')
  .action(async (name: string) => {
    print((await kill(name)) ? `${name} was killed` : `${name} was not running`);
  });
program
  .command('tool')
  .argument('<name>')
  .description(
    `Build a tool unless it exists, and print its path: ${tools.flatMap(({ binaries }) => binaries.map(({ name }) => name)).join(', ')}`,
  )
  .action(async (name: string) => {
    print(await toolPath(name, progress));
  });
program
  .command('shop')
  .description('Deploy the shop: production with the current version, staging with the candidate')
  .option('--fault <name>', 'a candidate with this fault')
  .option('--reset', 'reset both Deployments to the versions they were deployed with')
  .action(async ({ fault, reset }: { fault?: string; reset?: boolean }) => {
    const deployed = await (reset ? resetShop(progress) : deployShop(fault === undefined ? {} : { fault: findFault(fault) }, progress));
    print(JSON.stringify(deployed));
  });
program
  .command('traffic')
  .argument('<start|stop>')
  .argument('[rate]', 'requests per second', String(DEFAULT_RATE_PER_SECOND))
  .description('Start or stop traffic to production')
  .action(async (verb: string, rate: string) => {
    if (verb === 'start') await startTraffic(Number(rate));
    else if (verb === 'stop') await stopTraffic();
    else throw new LabRefusal(`unknown traffic command ${verb}; use start or stop`);
  });
program
  .command('kubectl')
  .description('Run kubectl as admin of the lab')
  .allowUnknownOption()
  .allowExcessArguments()
  .helpOption(false)
  .argument('[args...]')
  .action(async (args: string[]) => {
    const { status: code } = spawnSync(await toolPath('kubectl', progress), [`--kubeconfig=${paths().adminKubeconfig}`, ...args], {
      stdio: 'inherit',
    });
    process.exitCode = code ?? 1;
  });

async function printStatus(): Promise<void> {
  const lab = paths();
  const { owner, components } = status();
  if (owner === undefined) {
    print('the lab is not running; `scripts/lab up` starts it');
    return;
  }
  print(`lab of ${owner}`);
  for (const { name, alive, pid, log } of components)
    print(`  ${name.padEnd(24)} ${alive ? `pid ${pid}`.padEnd(16) : 'not running'.padEnd(16)} ${log}`);
  if (owner === lab.checkout) print([...addresses(lab), await shopPods(lab).catch((error: Error) => error.message)].join('\n'));
  // For scripts: exit 1 if a component is down.
  if (components.some(({ alive }) => !alive)) process.exitCode = 1;
}

async function printLacks(): Promise<void> {
  const found = [...lacks(await machineFacts(paths())), ...wrongTools().map(toolLack)];
  for (const { message, hint } of found) print(`${message} ${hint}`);
  if (found.length === 0) print('This machine has everything that the lab needs.');
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
  progress(error instanceof LabRefusal ? error.message : `lab   failed: ${(error as Error).message}`);
  process.exitCode = error instanceof LabRefusal ? EXIT_REFUSED : 1;
}
