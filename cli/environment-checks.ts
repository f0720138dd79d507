// Checks of `tminus doctor`: the addresses and files of an environment file, from this machine. Changes nothing and reads no secret.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Environment } from '../release/environment.ts';
import type { Release } from '../release/release.ts';
import { membersOf, tokenRowsOf, type TokenRow } from '../release/token-file.ts';
import { RequestFailed, sendRequest } from './send-request.ts';

/** A Prometheus and a service on the same network respond within milliseconds. */
const RESPONSE_TIMEOUT_MS = 2_000;

export interface Check {
  name: string;
  outcome: 'pass' | 'fail' | 'inconclusive';
  message: string;
}

/** One check for each address and file, run in parallel. `release`: its approvers are counted; null without a release file. */
export async function environmentChecks(file: string, { spec }: Environment, release: Release | null): Promise<Check[]> {
  const at = (path: string): string => resolve(dirname(file), path);
  const checks = [
    ...Object.entries(spec.clusters).map(([name, { kubeconfig }]) => kubeconfigCheck(name, at(kubeconfig))),
    // All servers with the Prometheus API have the query endpoint.
    ...Object.entries(spec.prometheus).map(([name, { url }]) =>
      responseCheck('prometheus', name, url, `${url.replace(/\/$/, '')}/api/v1/query?query=1`, (status) => status === 200),
    ),
    ...Object.entries(spec.alertmanager).map(([name, { url }]) =>
      responseCheck('alertmanager', name, url, `${url.replace(/\/$/, '')}/api/v2/status`, (status) => status === 200),
    ),
    ...Object.entries(spec.targets).map(([name, { url }]) => responseCheck('target', name, url, url, () => true)),
    peopleChecks(at(spec.identity.tokens), spec.start.groups, release),
  ];
  return (await Promise.all(checks)).flat();
}

async function kubeconfigCheck(cluster: string, file: string): Promise<Check> {
  const name = 'kubeconfig';
  try {
    await readFile(file);
    return { name, outcome: 'pass', message: `cluster ${cluster}: ${file} can be read` };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    const message = `cluster ${cluster}: ${file} cannot be read: ${reason}; set spec.clusters.${cluster}.kubeconfig`;
    return { name, outcome: 'fail', message };
  }
}

async function responseCheck(
  name: 'prometheus' | 'alertmanager' | 'target',
  key: string,
  shown: string,
  url: string,
  isGood: (status: number) => boolean,
): Promise<Check> {
  const hint = `spec.${name === 'target' ? 'targets' : name}.${key}.url is its address`;
  try {
    const { status, close } = await sendRequest({ url, timeoutMs: RESPONSE_TIMEOUT_MS });
    close();
    if (isGood(status)) return { name, outcome: 'pass', message: `${key} responds at ${shown} (HTTP ${status})` };
    return { name, outcome: 'fail', message: `${key} responds to a query at ${shown} with HTTP ${status}; ${hint}` };
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return { name, outcome: 'fail', message: `${key} does not respond at ${shown}: ${error.message}; ${hint}` };
  }
}

/** Finds groups that have too few members before the poll is due. */
async function peopleChecks(file: string, starters: readonly string[], release: Release | null): Promise<Check[]> {
  const name = 'people';
  const polls = (release?.spec.checkpoints ?? []).flatMap(({ at, name: checkpoint, approval }) =>
    approval === null ? [] : [{ poll: `${at} ${checkpoint}`, groups: approval.groups, count: approval.count }],
  );
  if (starters.length === 0 && polls.length === 0) return [];
  let rows: TokenRow[];
  try {
    rows = tokenRowsOf(await readFile(file, 'utf8'), file);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = isMissing ? `no token file ${file} yet; the server creates it at its first start` : (error as Error).message;
    return [{ name, outcome: 'inconclusive', message }];
  }
  const hint = `add a group to the "groups" of their rows in ${file}`;
  const startCheck = (): Check => {
    const count = membersOf(rows, starters).length;
    return {
      name,
      outcome: count > 0 ? 'pass' : 'fail',
      message: `${count} may start countdowns, as members of ${starters.join(' or ')}${count > 0 ? '' : `; ${hint}`}`,
    };
  };
  return [
    ...(starters.length > 0 ? [startCheck()] : []),
    ...polls.map(({ poll, groups, count }): Check => {
      const members = membersOf(rows, groups).length;
      const message = `${poll} requires ${count} of ${groups.join(' or ')}, which ${members === 1 ? 'has 1 member' : `have ${members} members`}`;
      if (members >= count) return { name, outcome: 'pass', message };
      return { name, outcome: 'fail', message: `${message}; ${hint}, or lower the count of the approval` };
    }),
  ];
}
