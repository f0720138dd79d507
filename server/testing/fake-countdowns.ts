// Countdowns in memory: what the server is tested against without Temporal.
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { SignedAction } from '../../verdict/signed.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import {
  CountdownFailure,
  type Countdowns,
  type CountdownSummary,
  type Handed,
  type OpenCountdown,
  type Owner,
  type StepProgress,
} from '../temporal/countdowns.ts';
import { RUN, exampleAudit, waiting } from '../../workflows/testing/example-status.ts';

/** What it answers, and what it was asked. */
interface FakeState {
  statuses: Map<string, CountdownStatus>;
  audits: Map<string, AuditRecord[]>;
  started: CountdownInput[];
  requests: { request: ActionRequest; signed: SignedAction }[];
  held: Handed[];
  aborted: Handed[];
  advanced: { release: string; aheadMs: number }[];
  steps: StepProgress[];
  /** Those that are not over, beside the statuses: what a prune asks about. */
  opened: OpenCountdown[];
  /** By first run id. */
  owners: Map<string, Owner>;
  /** When the watcher of a first run was last seen, ms since 1970. */
  watchers: Map<string, number>;
  hasWorker: boolean;
  nextPage: string | null;
  /** What every call fails with from now on. */
  failure: Error | null;
  /** What every action is refused with. */
  refusal: string | null;
}

export interface FakeCountdowns extends Countdowns, FakeState {}

export function fakeCountdowns(statuses: CountdownStatus[] = [waiting]): FakeCountdowns {
  const fake: FakeState = {
    statuses: new Map(statuses.map((status) => [status.release, status])),
    audits: new Map(statuses.map((status) => [status.release, exampleAudit])),
    started: [],
    requests: [],
    held: [],
    aborted: [],
    advanced: [],
    steps: [],
    opened: [],
    owners: new Map(),
    failure: null,
    refusal: null,
    watchers: new Map(),
    hasWorker: true,
    nextPage: null,
  };
  return Object.assign(fake, reading(fake), acting(fake), runs(fake));
}

/** What people read. */
function reading(fake: FakeState): Pick<Countdowns, 'list' | 'status' | 'audit' | 'progress'> {
  return {
    async list() {
      failIfAsked(fake);
      return { items: [...fake.statuses.values()].map((status) => summaryOf(fake, status)), nextPage: fake.nextPage };
    },
    async status(release) {
      failIfAsked(fake);
      return fake.statuses.get(release) ?? notFound(release);
    },
    async audit(release) {
      failIfAsked(fake);
      return fake.audits.get(release) ?? notFound(release);
    },
    async progress() {
      failIfAsked(fake);
      return fake.steps;
    },
  };
}

/** What people ask for, remembered in the order it came. */
function acting(fake: FakeState): Pick<Countdowns, 'start' | 'submit' | 'hold' | 'abort' | 'advance'> {
  return {
    async start(input) {
      failIfAsked(fake);
      fake.started.push(input);
      return { release: input.release.metadata.name, launchAt: waiting.launchAt, checkpoints: [], started: 'started' };
    },
    async submit(request, signed) {
      failIfAsked(fake);
      fake.requests.push({ request, signed });
      refuseIfAsked(fake);
      return { ok: true, message: `${request.action} counts`, phase: 'waiting', revision: request.revision };
    },
    async hold(request) {
      failIfAsked(fake);
      refuseIfAsked(fake);
      fake.held.push(request);
    },
    async abort(request) {
      failIfAsked(fake);
      fake.aborted.push(request);
    },
    async advance(release, aheadMs) {
      failIfAsked(fake);
      fake.advanced.push({ release, aheadMs });
    },
  };
}

/** What Temporal itself reports. */
function runs(fake: FakeState): Pick<Countdowns, 'latest' | 'firstRun' | 'open' | 'ownerOf' | 'watcherSeenAt' | 'taskQueue'> {
  return {
    async latest(release) {
      failIfAsked(fake);
      const status = fake.statuses.get(release);
      return status ? { run: status.run, over: status.phase === 'ended', closed: status.endedAt !== undefined } : null;
    },
    async firstRun(release) {
      failIfAsked(fake);
      return fake.statuses.get(release)?.run ?? RUN;
    },
    async open() {
      failIfAsked(fake);
      return fake.opened;
    },
    async ownerOf({ firstRunId }) {
      failIfAsked(fake);
      return fake.owners.get(firstRunId) ?? { countdown: 'gone', phase: null, ending: null, restorer: 'not running' };
    },
    async watcherSeenAt({ firstRunId }) {
      failIfAsked(fake);
      return fake.watchers.get(firstRunId) ?? null;
    },
    async taskQueue() {
      failIfAsked(fake);
      return { waiting: 2, oldestMs: 90_000, workers: [{ identity: '1@load', buildId: null }] };
    },
  };
}

function summaryOf(
  fake: FakeState,
  { release, phase, verdict, ending, rehearsal, startedAt, endedAt, launchAt }: CountdownStatus,
): CountdownSummary {
  return {
    release,
    service: 'shop/go-api',
    phase,
    verdict,
    ending: ending ?? null,
    launchAt,
    nextCheckpointAt: launchAt,
    running: endedAt === undefined,
    rehearsal,
    startedAt,
    endedAt: endedAt ?? null,
    workerVersion: '8c1f0a6d2b3e',
    hasWorker: endedAt === undefined ? fake.hasWorker : null,
  };
}

function refuseIfAsked({ refusal }: FakeState): void {
  if (refusal !== null) throw new CountdownFailure('Refused', refusal, 'check `tminus status` and decide again');
}

function failIfAsked({ failure }: FakeState): void {
  if (failure) throw failure;
}

function notFound(release: string): never {
  throw new CountdownFailure('NotFound', `there is no countdown named ${release}`, '`tminus list` shows all countdowns');
}
