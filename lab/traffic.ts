// Production traffic: k6 as a process of the lab that runs until it is stopped.
import { join } from 'node:path';
import { componentStates, start, stop } from './component.ts';
import type { Component } from './component.ts';
import { requireLab } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { answers } from './probes.ts';
import { toolPath } from './tools/build.ts';

const NAME = 'traffic';
/** Not the default 6565, which the k6 of a load test may use. */
const STATUS = '127.0.0.1:6566';

/** By Little's law 100 requests/s of 5 ms keep less than one user busy; a tenth of the rate is enough up to 100 ms. */
const USERS_PER_RATE = 0.1;
const MIN_USERS = 5;

/** Starts traffic, or restarts it with this rate in requests per second over all endpoints. */
export async function startTraffic(ratePerSecond: number): Promise<void> {
  if (!(ratePerSecond > 0)) throw new Error(`the traffic rate is ${ratePerSecond} requests/s, and must be above 0`);
  const lab = paths();
  requireLab(lab);
  await stopTraffic();
  await start(lab, await traffic(lab, ratePerSecond), () => undefined);
}

/** Stops traffic, if any. */
export async function stopTraffic(): Promise<void> {
  await stop(paths(), NAME);
}

/** True while traffic runs. */
export function trafficRuns(): boolean {
  return componentStates(paths()).some(({ name, alive }) => name === NAME && alive);
}

async function traffic(lab: LabPaths, ratePerSecond: number): Promise<Component> {
  const users = Math.max(MIN_USERS, Math.ceil(ratePerSecond * USERS_PER_RATE));
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
