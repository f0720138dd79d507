// Countdowns whose signatures are real: keys in a folder, the server's signer, the workers' seals and the very checks before a launch. The
// cluster is in memory, and what steps find is fake.
import { countdownId } from '../../release/countdown-id.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { mkdtemp } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { createEffectActivities } from '../../activities/effects/activities.ts';
import { fakeEffects } from '../../activities/testing/one-effect.ts';
import { undoMessages } from '../../activities/effects/undo-messages.ts';
import { openUndoJournal } from '../../activities/evidence/undo-journal.ts';
import { createAdmissionActivities } from '../../activities/identity/admit-start.ts';
import { runReader } from '../../activities/identity/countdown-runs.ts';
import { signedReader } from '../../activities/identity/read-signed.ts';
import { startClaims } from '../../activities/identity/start-claims.ts';
import { createIdentityActivities } from '../../activities/identity/verify-action.ts';
import { workerKey } from '../../activities/identity/worker-key.ts';
import { FakeClusterApi } from '../../activities/testing/fake-cluster-api.ts';
import { callingWorkflow } from '../../activities/running-activity.ts';
import type { Release } from '../../release/release.ts';
import { loadSigner, type Signer } from '../../server/identity/signing.ts';
import { signedInput } from '../../server/actions/start.ts';
import { COUNTDOWN_TYPE, WORKFLOW_TASK_QUEUE, actionUpdate, statusQuery } from '../../workflows/messages.ts';
import { person, type FakeActivities, type World } from '../temporal-world.ts';
import { fakeWorld, inputFor } from './fakes.ts';

type Plan = { countdownMs: number; poll?: boolean; rehearsal?: boolean };

export interface TrustedLab {
  api: FakeClusterApi;
  signer: Signer;
  activities: Partial<FakeActivities>;
  /** How often the Deployment was written. */
  writes(): number;
  /** A plan that launches after so long, signed as the server signs it at that time. */
  input(plan: Plan, now?: () => number): CountdownInput;
  /** Starts it as the server does: `start` without more is that of anybody else. */
  start(input: CountdownInput, options?: object): Promise<WorkflowHandle>;
  until(handle: WorkflowHandle, what: string, seen: (status: CountdownStatus) => boolean): Promise<CountdownStatus>;
  /** A decision on what the countdown shows, not signed yet. */
  act(handle: WorkflowHandle, change: Partial<ActionRequest> & Pick<ActionRequest, 'action'>, who?: string): Promise<ActionRequest>;
  send(act: ActionRequest): Promise<unknown>;
}

export async function trustedLab(temporal: World, overrides: Partial<FakeActivities> = {}): Promise<TrustedLab> {
  const folder = await mkdtemp(join(tmpdir(), 'trusted-'));
  const api = new FakeClusterApi();
  const signer = loadSigner({ signingKey: join(folder, 'server.pem'), publicKeys: join(folder, 'public-keys') });
  return {
    api,
    signer,
    activities: { ...fakeWorld().activities, ...realActivities(temporal, folder, api), ...overrides },
    writes: () => api.writes.filter((write) => write.endsWith(' deployments')).length,
    input: ({ countdownMs, poll = false, rehearsal = false }, now = Date.now) => {
      const { start: _, ...input } = inputFor(`r-${randomUUID()}`);
      const [, final, launch] = input.release.spec.checkpoints;
      const checkpoints = poll ? [final!, launch!] : [launch!];
      const release = { ...input.release, spec: { ...input.release.spec, countdownMs, checkpoints } as Release['spec'] };
      return signedInput({ signer, now }, { ...input, release, rehearsal });
    },
    start: (input, options = {}) =>
      (input.rehearsal ? temporal.rehearsalClient : temporal.client).workflow.start(COUNTDOWN_TYPE, {
        workflowId: countdownId(input.release.metadata.name),
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [input],
        ...options,
      }),
    async until(handle, what, seen) {
      const deadline = Date.now() + 40_000;
      for (;;) {
        const status = await handle.query(statusQuery);
        if (seen(status)) return status;
        if (Date.now() > deadline) throw new Error(`never ${what}: ${status.phase} ${status.message}`);
        await new Promise((again) => setTimeout(again, 100));
      }
    },
    act: unsignedAction,
    send: (act) =>
      temporal.client.workflow.getHandle(act.countdown).executeUpdate(actionUpdate, { args: [signer.sign(act)], updateId: act.id }),
  };
}

/** Those that check signatures and write, with keys in this folder. */
function realActivities(temporal: World, folder: string, api: FakeClusterApi) {
  const trust = {
    reader: signedReader(join(folder, 'public-keys')),
    key: workerKey({ privateKey: join(folder, 'worker.pem'), publicKeys: join(folder, 'worker-public-keys') }),
    readRun: runReader(temporal.client),
    caller: callingWorkflow,
    now: Date.now,
  };
  trust.key.open();
  return {
    ...createIdentityActivities(trust),
    ...createAdmissionActivities({ ...trust, claims: startClaims(folder) }),
    ...createEffectActivities({
      effects: fakeEffects(api, folder),
      journal: openUndoJournal(folder),
      messages: undoMessages(temporal.client, WORKFLOW_TASK_QUEUE),
      trust,
    }),
  };
}

async function unsignedAction(
  handle: WorkflowHandle,
  change: Partial<ActionRequest> & Pick<ActionRequest, 'action'>,
  who = 'li.wei',
): Promise<ActionRequest> {
  const { current, checkpoints, run, holdSince } = await handle.query(statusQuery);
  const { revision = 1, evidenceDigest = '' } = checkpoints.find(({ name }) => name === current) ?? {};
  return {
    id: randomUUID(),
    countdown: handle.workflowId,
    run,
    checkpoint: current,
    revision,
    evidenceDigest,
    principal: person(who),
    comment: 'numbers read',
    issuedAt: new Date().toISOString(),
    notAfter: new Date(Date.now() + 300_000).toISOString(),
    ...(holdSince === undefined ? {} : { holdSince }),
    ...change,
  };
}
