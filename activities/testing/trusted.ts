// A server and a worker with keys of their own in a folder, and what Temporal would report: with them a test signs as the real ones do.
import type { CountdownRef } from '../../verdict/undo.ts';
import type { Signed } from '../../verdict/signed.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { countdownId } from '../../release/countdown-id.ts';
import type { Release } from '../../release/release.ts';
import { canonicalJson, inputDigest } from '../../verdict/digest.ts';
import type { CountdownRun } from '../../verdict/countdown-run.ts';
import type { Principal } from '../../verdict/verdict.ts';
import type { CountdownInput, Start } from '../../release/countdown-input.ts';
import { admissionOf } from '../identity/admit-start.ts';
import type { RunId } from '../running-activity.ts';
import { openKeyPair } from '../identity/key-pair.ts';
import { signedReader } from '../identity/read-signed.ts';
import type { TrustDependencies } from '../identity/trust.ts';
import { workerKey, type WorkerKey } from '../identity/worker-key.ts';
import { NEW, target } from './fake-cluster-api.ts';
import type { Authority } from '../effects/contract.ts';

/** When a test's countdown launches; `nowMs` of the trusted world is a second later. */
export const LAUNCH_AT = '2026-11-25T09:00:00.000Z';

export const someone = (subject: string, change: Partial<Principal> = {}): Principal => ({
  issuer: 'local',
  subject,
  displayName: subject,
  groups: ['release-managers'],
  verified: true,
  ...change,
});

/** A launch that two people approve before it. Only what authority reads. */
export const releaseOf = (image = NEW, change: Partial<Release['spec']> = {}): Release =>
  ({
    metadata: { name: 'go-api-1.4.0' },
    spec: {
      service: { name: 'go-api', namespace: target.namespace, deployment: target.deployment, container: target.container, image },
      cluster: target.cluster,
      approvers: { groups: ['release-managers'], count: 2, allowRequester: false },
      allowUnverified: false,
      checkpoints: [
        { name: 'final-poll', steps: [], approval: { groups: ['release-managers'], count: 2, allowRequester: false } },
        { name: 'launch', steps: [{ type: 'launch', name: 'launch' }], approval: null },
      ],
      ...change,
    },
  }) as unknown as Release;

export class TrustedWorld {
  /** By `<workflow id>/<run id>`, and by workflow id for the newest. */
  readonly runs = new Map<string, CountdownRun>();
  caller: RunId | null = null;
  nowMs = Date.parse(LAUNCH_AT) + 1_000;
  readonly key: WorkerKey;
  readonly publicKeys: string;
  readonly trust: TrustDependencies;
  private readonly server: ReturnType<typeof openKeyPair>;

  constructor(folder: string) {
    this.publicKeys = join(folder, 'public-keys');
    this.server = openKeyPair({ privateKey: join(folder, 'server.pem'), publicKeys: this.publicKeys });
    this.key = workerKey({ privateKey: join(folder, 'worker.pem'), publicKeys: join(folder, 'worker-public-keys') });
    this.key.open();
    this.trust = {
      reader: signedReader(this.publicKeys),
      key: this.key,
      readRun: async ({ workflowId, runId }) => {
        const run = this.runs.get(runId === undefined ? workflowId : `${workflowId}/${runId}`);
        if (!run) throw new Error(`no run ${workflowId}`);
        return run;
      },
      caller: () => this.caller,
      now: () => this.nowMs,
    };
  }

  /** As the server signs. */
  signed(content: ActionRequest | Start): Signed {
    const payload = canonicalJson(content);
    return { payload, keyId: this.server.keyId, signature: this.server.sign(payload) };
  }

  start(input: Omit<CountdownInput, 'start'>, change: Partial<Start> = {}): CountdownInput {
    const start: Start = {
      kind: 'start',
      id: randomUUID(),
      countdown: countdownId(input.release.metadata.name),
      input: inputDigest(input),
      notBefore: LAUNCH_AT,
      issuedAt: new Date(this.nowMs).toISOString(),
      notAfter: new Date(this.nowMs + 300_000).toISOString(),
      ...change,
    };
    return { ...input, start: this.signed(start) };
  }

  /** What the release was started with. */
  input(release = releaseOf(), change: Partial<CountdownInput> = {}): CountdownInput {
    return this.start({
      release,
      releaseDigest: 'sha256:release',
      scripts: {},
      requestedBy: someone('requester'),
      rehearsal: false,
      ...change,
    });
  }

  /** An action of a person on the evidence of the poll. */
  act({ workflowId, firstRunId }: CountdownRef, change: Partial<ActionRequest> = {}): Signed {
    return this.signed({
      id: randomUUID(),
      action: 'approve',
      countdown: workflowId,
      run: firstRunId,
      checkpoint: 'final-poll',
      revision: 1,
      evidenceDigest: 'sha256:seen',
      principal: someone('li.wei'),
      comment: 'numbers read',
      issuedAt: new Date(this.nowMs).toISOString(),
      notAfter: new Date(this.nowMs + 300_000).toISOString(),
      ...change,
    });
  }

  /** A countdown that runs and its launch step, which asks; with all that its write needs. */
  authority(countdown: CountdownRef, input = this.input()): Authority {
    const run = runOf(countdown);
    this.runs.set(run.workflowId, run).set(`${run.workflowId}/${run.runId}`, run);
    const step = { ...run, workflowId: `${run.workflowId}/launch/launch/1`, runId: 'step-1', workflowType: 'launchStep', parent: run };
    this.runs.set(`${step.workflowId}/${step.runId}`, step);
    this.caller = step;
    return {
      input,
      admission: this.key.seal(admissionOf(countdown, input.start)),
      resets: [],
      decisions: [this.act(countdown), this.act(countdown, { principal: someone('a.osei') })],
    };
  }
}

export const runOf = ({ workflowId, firstRunId }: CountdownRef): CountdownRun => ({
  workflowId,
  runId: firstRunId,
  firstRunId,
  originalRunId: firstRunId,
  workflowType: 'countdown',
  isRunning: true,
  attempt: 1,
  hasRetryPolicy: false,
  cronSchedule: '',
  startDelayMs: 0,
  continuedRunId: null,
  isSkippingTime: false,
  parent: null,
});
