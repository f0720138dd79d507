// Countdowns in memory: what the server is tested against without Temporal.
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { Act, CountdownInput, CountdownStatus, SignedAct } from '../../workflows/messages.ts';
import { CountdownFailure, type Countdowns, type Handed, type OpenCountdown, type Owner, type StepProgress } from '../countdowns.ts';
import { EXAMPLE_RUN, exampleAudit, waitingStatus } from './example-status.ts';

export interface FakeCountdowns extends Countdowns {
  statuses: Map<string, CountdownStatus>;
  audits: Map<string, AuditRecord[]>;
  started: CountdownInput[];
  acts: { act: Act; signed: SignedAct }[];
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
  /** What every act is refused with. */
  refusal: string | null;
}

export function fakeCountdowns(statuses: CountdownStatus[] = [waitingStatus]): FakeCountdowns {
  const fake: FakeCountdowns = {
    statuses: new Map(statuses.map((status) => [status.release, status])),
    audits: new Map(statuses.map((status) => [status.release, exampleAudit])),
    started: [],
    acts: [],
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
    async start(input) {
      failIfAsked();
      fake.started.push(input);
      return { release: input.release.metadata.name, launchAt: waitingStatus.launchAt, checkpoints: [], started: 'started' };
    },
    async list() {
      failIfAsked();
      const items = [...fake.statuses.values()].map(({ release, phase, verdict, ending, rehearsal, startedAt, endedAt, launchAt }) => ({
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
      }));
      return { items, nextPage: fake.nextPage };
    },
    async status(release) {
      failIfAsked();
      return fake.statuses.get(release) ?? notFound(release);
    },
    async audit(release) {
      failIfAsked();
      return fake.audits.get(release) ?? notFound(release);
    },
    async advance(release, aheadMs) {
      failIfAsked();
      fake.advanced.push({ release, aheadMs });
    },
    async progress() {
      failIfAsked();
      return fake.steps;
    },
    async act(act, signed) {
      failIfAsked();
      fake.acts.push({ act, signed });
      refuseIfAsked();
      return { ok: true, sentence: `${act.action} counts`, phase: 'waiting', revision: act.revision };
    },
    async latest(release) {
      failIfAsked();
      const status = fake.statuses.get(release);
      return status ? { run: status.run, over: status.phase === 'ended', closed: status.endedAt !== undefined } : null;
    },
    async firstRun(release) {
      failIfAsked();
      return fake.statuses.get(release)?.run ?? EXAMPLE_RUN;
    },
    async open() {
      failIfAsked();
      return fake.opened;
    },
    async ownerOf({ firstRunId }) {
      failIfAsked();
      return fake.owners.get(firstRunId) ?? { countdown: 'gone', phase: null, ending: null, restorer: 'not running' };
    },
    async watcherSeenAt({ firstRunId }) {
      failIfAsked();
      return fake.watchers.get(firstRunId) ?? null;
    },
    async taskQueue() {
      failIfAsked();
      return { waiting: 2, oldestMs: 90_000, workers: [{ identity: '1@load', buildId: null }] };
    },
    async hold(act) {
      failIfAsked();
      refuseIfAsked();
      fake.held.push(act);
    },
    async abort(act) {
      failIfAsked();
      fake.aborted.push(act);
    },
  };
  return fake;

  function refuseIfAsked(): void {
    if (fake.refusal !== null)
      throw new CountdownFailure('Refused', fake.refusal, 'read `tminus status` and decide again on what it shows now');
  }

  function failIfAsked(): void {
    if (fake.failure) throw fake.failure;
  }
}

function notFound(release: string): never {
  throw new CountdownFailure('NotFound', `there is no countdown named ${release}`, '`tminus list` shows those there are');
}
