// kill -9 at the failpoints of each effect of a drill: the next process finishes it, and each change lands once by the other side's own record. One
// failpoint per effect and direction, drawn by the day; SWEEP_ALL=1 visits all 24.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failpoints, type Failpoint } from '../activities/failpoint.ts';
import type { DrillTask } from '../activities/testing/drill-process.ts';
import { serveFakeApi, type FakeApiServer } from '../activities/testing/fake-api-server.ts';
import { drillWorld, WANTED, type DrillWorld } from '../activities/testing/one-drill.ts';

/** Two starts of a process each. */
jest.setTimeout(60_000);

const script = join(import.meta.dirname, '../activities/testing/drill-process.ts');
let world: DrillWorld;
let server: FakeApiServer;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'killed-'));
  await mkdir(join(folder, 'failpoints'));
});
afterEach(async () => {
  await server.close();
  await world.pods.close();
  await rm(folder, { recursive: true });
});

/** How the process ended: a signal or an exit code. */
async function run(task: DrillTask): Promise<string | number> {
  const child = spawn('node', [script, JSON.stringify(task)], {
    env: { ...process.env, TMINUS_FAILPOINTS: join(folder, 'failpoints') },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? code ?? 'unknown';
}

/** What the other side recorded of changes, in any order. */
const changes = (kind: string): number =>
  kind === 'deployment-environment'
    ? world.api.writes.filter((write) => write.endsWith(' deployments')).length
    : world.pods.audit().filter(({ result }) => result !== 'refused').length;

/** A new sample every day; SWEEP_SEED draws the one of another day again. */
const seed = process.env['SWEEP_SEED'] ?? new Date().toISOString().slice(0, 10);

function visited(kind: string, act: 'apply' | 'restore'): Failpoint[] {
  const all = points(kind, act);
  if (process.env['SWEEP_ALL'] !== undefined) return all;
  const drawn = createHash('sha256').update(`${seed} ${kind} ${act}`).digest().readUInt32BE() % all.length;
  return all.slice(drawn, drawn + 1);
}

const points = (kind: string, act: 'apply' | 'restore'): Failpoint[] =>
  failpoints.filter((point) => point.startsWith(`${kind}.${act}-`) && !point.includes('-prove'));

describe.each([
  ['service-switch', 6],
  ['service-fault', 6],
  ['deployment-environment', 2],
] as const)('%s', (kind, whole) => {
  it.each((['apply', 'restore'] as const).flatMap((act) => visited(kind, act).map((point) => [point, act] as const)))(
    'killed at %s is finished by the next process',
    async (point, act) => {
      world = await drillWorld(kind);
      server = await serveFakeApi(world.api);
      world.healthUrl.current = `${server.url}/healthz`;
      const kubeconfig = join(folder, 'kubeconfig');
      await writeFile(kubeconfig, server.kubeconfig);
      const entry = await world.captured(kind);
      const task = { entry, wanted: WANTED[kind], kubeconfig, evidence: world.folder };
      if (act === 'restore') await world.apply(entry);
      await writeFile(join(folder, 'failpoints', point), '');
      expect(await run({ ...task, act })).toBe('SIGKILL');
      expect(await readdir(join(folder, 'failpoints'))).toEqual([]);
      expect(await run({ ...task, act })).toBe(0);
      expect(changes(kind)).toBe(act === 'apply' ? whole / 2 : whole);
      if (act === 'apply') await world.restore(entry);
      expect(changes(kind)).toBe(whole);
      await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
      expect(changes(kind)).toBe(whole);
    },
  );
});
