// PostgreSQL of the lab. It does not run as root, and its data may be below folders that only root can enter: so it uses a bind mount under
// /run.
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, succeeds } from './command.ts';
import { network, ports } from './paths.ts';
import type { LabPaths } from './paths.ts';

const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];

const mountPoint = (lab: LabPaths) => join(lab.run, 'postgres');
const dataFolder = (lab: LabPaths) => join(mountPoint(lab), 'data');

/**
 * Command line. fsync off: the database is removed with the lab, and a disk that syncs would add to the latency of the service under test.
 * 200 connections: three pods in two namespaces, one more each during a rollout, with pools of up to 20.
 */
export function postgresArgv(lab: LabPaths): string[] {
  const settings = {
    listen_addresses: network.address,
    port: ports.postgres,
    unix_socket_directories: mountPoint(lab),
    max_connections: 200,
    fsync: 'off',
    logging_collector: 'off',
    // Statistics of every statement, so that slow ones are found without a log.
    shared_preload_libraries: 'pg_stat_statements',
  };
  return [
    ...asPostgres,
    programOf('postgres'),
    '-D',
    dataFolder(lab),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** Creates the data folder on first use. Every client in the lab's network may connect without a password. */
export async function makeDatabaseFolder(lab: LabPaths): Promise<void> {
  const stored = join(lab.data, 'postgres');
  for (const folder of [stored, mountPoint(lab)]) mkdirSync(folder, { recursive: true });
  if (!(await succeeds(['mountpoint', '-q', mountPoint(lab)]))) await run(['mount', '--bind', stored, mountPoint(lab)]);
  const [user, group] = await Promise.all([run(['id', '-u', 'postgres']), run(['id', '-g', 'postgres'])]);
  chownSync(mountPoint(lab), Number(user), Number(group));
  if (existsSync(join(dataFolder(lab), 'PG_VERSION'))) return;
  await run([
    ...asPostgres,
    programOf('initdb'),
    '-D',
    dataFolder(lab),
    '--no-sync',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
  ]);
  const rules =
    `${readFileSync(join(dataFolder(lab), 'pg_hba.conf'), 'utf8')}\n` +
    `host all all ${network.podRange} trust\n` +
    `host all all ${network.hostAddress}/${network.prefixLength} trust\n`;
  writeFileSync(join(dataFolder(lab), 'pg_hba.conf'), rules);
}

const DEBIAN_VERSIONS = '/usr/lib/postgresql';

/** Debian installs the server's programs outside PATH, in a folder per version; this takes the newest. */
export function programOf(name: string): string {
  const versions = existsSync(DEBIAN_VERSIONS)
    ? readdirSync(DEBIAN_VERSIONS).filter((version) => existsSync(join(DEBIAN_VERSIONS, version, 'bin', name)))
    : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? name : join(DEBIAN_VERSIONS, newest, 'bin', name);
}
