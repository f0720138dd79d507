// What goes wrong with a version that is live, and how fast somebody has to hear of it and the old version has to come back. Seconds.
import {
  beginLiveFault,
  kill,
  pendingPod,
  restart,
  startTraffic,
  stopTraffic,
  uncordon,
  type LiveFault,
  type SmallDisk,
} from '../../lab/index.ts';
import type { Installation } from '../e2e/installation.ts';

export const LIVE_DEADLINE_S = 60;
/** A watcher that is blind rolls back at `liveDeadline`, counted from its last sample: half an interval of scrapes, queries and samples each way. */
const AROUND_S = 15;
export const TRAFFIC_PER_SECOND = 100;

export interface Situation {
  installation: Installation;
  disk: SmallDisk;
  release: string;
  /** Image that is live. */
  candidate: string;
}

export interface LiveCase {
  id: string;
  what: string;
  /** What is already so when the fault begins. */
  before?: (situation: Situation) => Promise<void>;
  /** Begins the fault; answers when. */
  begin: (situation: Situation) => Promise<Date>;
  /** Takes back what would stay, once the rollback has been written. */
  heal?: (situation: Situation) => Promise<void>;
  /** First message to people, at the latest. */
  messageS?: number;
  /** First write of the rollback. */
  writeS: { from: number; to: number };
}

const within = (to: number) => ({ from: 0, to });
const atLiveDeadline = { from: LIVE_DEADLINE_S - AROUND_S, to: LIVE_DEADLINE_S + AROUND_S };
const pods =
  (fault: LiveFault): LiveCase['begin'] =>
  ({ candidate }) =>
    beginLiveFault(fault, candidate);

export const liveCases: readonly LiveCase[] = [
  { id: 'a', what: 'every request hangs, health too', begin: pods('hang'), writeS: within(30) },
  { id: 'a2', what: 'every request hangs, health answers', begin: pods('hang-handlers'), writeS: within(30) },
  { id: 'b', what: 'pods are not ready', begin: pods('not-ready'), writeS: within(30) },
  {
    id: 'c',
    what: 'all traffic is gone',
    async begin() {
      const began = new Date();
      await stopTraffic();
      return began;
    },
    heal: () => startTraffic(TRAFFIC_PER_SECOND),
    messageS: 30,
    writeS: atLiveDeadline,
  },
  {
    id: 'd',
    what: '10 % errors while a pod is Pending',
    before: pendingPod,
    begin: pods('errors-10'),
    heal: async () => void (await uncordon()),
    writeS: within(15),
  },
  {
    id: 'e',
    what: 'Prometheus is down',
    async begin() {
      const began = new Date();
      await kill('prometheus');
      return began;
    },
    heal: () => restart('prometheus'),
    messageS: 30,
    writeS: atLiveDeadline,
  },
  {
    id: 'f',
    what: '10 % errors while somebody holds',
    async before({ installation, release }) {
      const { code, stderr } = await installation.tminus('requester', 'hold', release, '-m', 'incident elsewhere');
      if (code !== 0) throw new Error(`the hold was refused: ${stderr}`);
      await installation.until(release, 'holding', ({ phase }) => phase === 'holding');
    },
    begin: pods('errors-10'),
    writeS: within(15),
  },
  {
    id: 'g',
    what: '10 % errors while the evidence disk is full',
    before: ({ disk }) => disk.fill(),
    begin: pods('errors-10'),
    heal: ({ disk }) => disk.free(),
    writeS: within(15),
  },
  {
    id: 'h',
    what: '10 % errors and the worker killed',
    async begin({ installation, candidate }) {
      installation.killWorker();
      return beginLiveFault('errors-10', candidate);
    },
    writeS: within(45),
  },
];
