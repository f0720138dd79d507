// Production's users: k6 as a process of the lab that goes on until it is stopped.
import { join } from 'node:path';
import { componentStates, start, stop } from './component.ts';
import type { Component } from './component.ts';
import { requireLab } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { answers } from './probes.ts';
import { toolPath } from './tools/build.ts';

const NAME = 'traffic';
/** Not k6's own 6565, which a load test's k6 may take. */
const STATUS = '127.0.0.1:6566';

/** Little's law with room: at the shop's usual 5 ms a rate of 100/s keeps one user busy at most; a tenth of the rate bears 100 ms. */
const USERS_PER_RATE = 0.1;
const LEAST_USERS = 5;

/** Starts the users, in the place of those there may be. Rate in requests per second, all endpoints together. */
export async function startTraffic(ratePerSecond: number): Promise<void> {
  if (!(ratePerSecond > 0)) throw new Error(`the rate of traffic must be above 0 requests per second, not ${ratePerSecond}`);
  const lab = paths();
  requireLab(lab);
  await stopTraffic();
  await start(lab, await traffic(lab, ratePerSecond), () => undefined);
}

/** Ends them; nothing happens when there are none. */
export async function stopTraffic(): Promise<void> {
  await stop(paths(), NAME);
}

/** True while they come. */
export function trafficRuns(): boolean {
  return componentStates(paths()).some(({ name, alive }) => name === NAME && alive);
}

async function traffic(lab: LabPaths, ratePerSecond: number): Promise<Component> {
  const users = Math.max(LEAST_USERS, Math.ceil(ratePerSecond * USERS_PER_RATE));
  const settings = { TARGET: lab.targets.shop, RATE: String(ratePerSecond), USERS: String(users) };
  return {
    name: NAME,
    argv: [
      await toolPath('k6', () => undefined),
      'run',
      '--quiet',
      '--no-usage-report',
      '--summary-mode=disabled',
      `--address=${STATUS}`,
      '--log-output=stderr',
      ...Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      join(import.meta.dirname, 'traffic', 'users.js'),
    ],
    endSignal: 'SIGKILL',
    ready: answers(`http://${STATUS}/v1/status`),
  };
}
