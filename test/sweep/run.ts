// One run: a launch in its own namespace, something happens at a failpoint, and the world must be as it should.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { auditWrites, beginLiveFault, deployShop } from '../../lab/index.ts';
import { pause } from '../e2e/installation.ts';
import { startCountdown, writeEnvironment, type SweptCountdown } from './countdown.ts';
import { expected, mayBeMissed, type Expected, type Planned } from './points.ts';
import { NAME, openService, type Service } from './one-pod.ts';
import { openWorker, type SweptWorker } from './worker.ts';

const POLL_MS = 250;
/** Asks the cluster by a process each time; a launch takes several seconds. */
const ARM_EVERY_MS = 1_000;
/** Launch and guard take about 25 s, a rollback 10 more, and each death of the worker up to 30 s of time-outs. */
const ENDED_TIMEOUT_MS = 240_000;
/** A termination between registration and settlement is restored within this. */
const RESTORED_TIMEOUT_MS = 60_000;
/** What is written once more would come by then: activities are tried again after 1, 2 and 4 s. */
const QUIET_MS = 4_000;
/** A settlement under way has come through or failed by then, and the restorer has had its turn. */
const SETTLED_MS = 30_000;

export interface Images {
  current: string;
  /** Healthy; where a launch is to be rolled back, it begins to misbehave once it runs. */
  candidate: string;
}

export interface Outcome {
  planned: Planned;
  ended: string;
  launchWrites: number;
  rollbackWrites: number;
  /** From the termination until the old version served alone. */
  restoredS: number | null;
  seconds: number;
  failed: string[];
}

/** Brings both images onto the node. */
export async function sweepImages(): Promise<Images> {
  const { current, candidate } = await deployShop();
  return { current, candidate };
}

/** Runs one plan; nothing of it is left but `<home>`. Never throws: what keeps it from running is a failure. */
export async function run(planned: Planned, images: Images, sweepHome: string): Promise<Outcome> {
  const began = Date.now();
  const name = `sweep-${randomUUID().slice(0, 8)}`;
  const home = join(sweepHome, name);
  mkdirSync(home, { recursive: true });
  const open: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(opened: T): T => (open.push(opened), opened);
  const outcome: Outcome = { planned, ended: '', launchWrites: 0, rollbackWrites: 0, restoredS: null, seconds: 0, failed: [] };
  try {
    const service = keep(await openService(name, images.current));
    // A pod and a worker each take some seconds to start.
    const [started, ready] = await Promise.allSettled([openWorker(home, name, writeEnvironment(home, service)), service.ready()]);
    if (started.status === 'rejected') throw started.reason;
    const worker = keep(started.value);
    if (ready.status === 'rejected') throw ready.reason;
    worker.arm(planned.points, planned.mode);
    const countdown = keep(await startCountdown(home, name, service, images.candidate));
    if (planned.path === 'rolled-back') keep(breakOnceLive(name, images.candidate));
    const scene: Scene = { service, worker, countdown, images };
    if (planned.mode === 'kill') await untilEnded(scene, outcome);
    else await terminateThere(scene, outcome);
    await pause(QUIET_MS);
    await judge(scene, outcome);
  } catch (error) {
    outcome.failed.push(`${(error as Error).message} (${home})`);
  } finally {
    for (const each of open.reverse())
      await each.close().catch((error: unknown) => outcome.failed.push(`not cleaned up: ${String(error)}`));
  }
  return { ...outcome, seconds: (Date.now() - began) / 1_000 };
}

interface Scene {
  service: Service;
  worker: SweptWorker;
  countdown: SweptCountdown;
  images: Images;
}

/** Lets every tenth request fail as soon as the candidate runs: its rollout passes, its guard does not. */
function breakOnceLive(namespace: string, candidate: string): { close(): Promise<void> } {
  const over = new AbortController();
  const breaking = (async () => {
    let armed = false;
    while (!armed && !over.signal.aborted) {
      armed = await beginLiveFault('errors-10', candidate, namespace).then(
        () => true,
        // No pod of it runs yet, or the one there was is being replaced.
        () => false,
      );
      if (!armed) await pause(ARM_EVERY_MS);
    }
  })();
  return {
    async close() {
      over.abort();
      await breaking;
    },
  };
}

async function untilEnded({ countdown }: Scene, outcome: Outcome): Promise<void> {
  await within(ENDED_TIMEOUT_MS, 'the countdown did not end', async () => {
    outcome.ended = (await countdown.ending()) ?? '';
    return outcome.ended !== '';
  });
}

async function terminateThere({ worker, countdown, service, images }: Scene, outcome: Outcome): Promise<void> {
  const { planned } = outcome;
  const [point] = planned.points;
  if (point === undefined) throw new Error('a run that terminates needs a point');
  await within(ENDED_TIMEOUT_MS, `${point} was not reached`, async () => {
    outcome.ended = (await countdown.ending()) ?? '';
    return worker.isReached(point) || outcome.ended !== '';
  });
  if (outcome.ended !== '') return;
  await countdown.terminate();
  const terminatedMs = Date.now();
  // The activity under way goes on, as one would that never hears of the termination.
  worker.letGo(point);
  outcome.ended = 'terminated';
  const { serves, restorerEnds } = expected(planned);
  if (serves.includes('candidate')) return pause(SETTLED_MS);
  await within(RESTORED_TIMEOUT_MS, 'the old version was not restored', async () => {
    const { image, settled } = await service.serving();
    return image === images.current && settled && (!restorerEnds || (await countdown.restorerHasEnded()));
  });
  outcome.restoredS = (Date.now() - terminatedMs) / 1_000;
}

async function judge({ service, worker, images: { current, candidate } }: Scene, outcome: Outcome): Promise<void> {
  const { planned, ended } = outcome;
  const missed = worker.missed().filter((point) => !mayBeMissed(point, planned.path));
  const want = outcome.ended === 'terminated' || missed.length > 0 ? expected(planned) : expected({ ...planned, mode: 'kill' });
  const written = (await auditWrites({ namespace: service.namespace, deployment: NAME })).map(({ image }) => image);
  outcome.launchWrites = written.filter((image) => image === candidate).length;
  outcome.rollbackWrites = written.filter((image) => image === current).length;
  const { image } = await service.serving();
  const allowed = want.serves.map((version) => (version === 'current' ? current : candidate));
  const { failed } = outcome;
  if (missed.length > 0) failed.push(`not reached: ${missed.join(', ')}`);
  if (want.ending !== undefined && ended !== want.ending) failed.push(`ended ${ended}, not ${want.ending}`);
  if (!allowed.includes(image)) failed.push(`serves ${image}`);
  failed.push(
    ...tooMany('launch', outcome.launchWrites, want.launchWrites),
    ...tooMany('rollback', outcome.rollbackWrites, want.rollbackWrites),
  );
  if (written.length > outcome.launchWrites + outcome.rollbackWrites) failed.push(`writes of other images: ${written.join(', ')}`);
  // A launch that stands was not taken back, and one that was taken back does not stand.
  if ((image === candidate) !== outcome.launchWrites > outcome.rollbackWrites) failed.push('what serves does not fit the writes');
}

const tooMany = (what: string, count: number, [least, most]: Expected['launchWrites']): string[] =>
  count < least || count > most ? [`${count} ${what} writes, not ${least === most ? least : `${least} to ${most}`}`] : [];

async function within(timeoutMs: number, otherwise: string, seen: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await seen())) {
    if (Date.now() > deadline) throw new Error(`${otherwise} within ${timeoutMs / 1_000} s`);
    await pause(POLL_MS);
  }
}
