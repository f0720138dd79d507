// Who may write a launch: only what was signed for it, whoever asks. Every row asks for the very write that is allowed with one thing changed.
import type { UndoEntry } from '../../verdict/undo.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CountdownRun } from '../../verdict/countdown-run.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import { openUndoJournal } from '../evidence/undo-journal.ts';
import { admissionOf } from '../identity/admit-start.ts';
import { NEW, OLD, FakeClusterApi } from '../testing/fake-cluster-api.ts';
import { createEffectActivities } from './activities.ts';
import { capturedStatement } from './authority.ts';
import type { ApplyInput, Authority, EffectActivities } from './contract.ts';
import { captureInput, countdownOf, entryOf, fakeEffects } from '../testing/one-effect.ts';
import { LAUNCH_AT, TrustedWorld, releaseOf, runOf, someone } from '../testing/trusted.ts';

const countdown = countdownOf('run-1');
let api: FakeClusterApi;
let folder: string;
let world: TrustedWorld;
let acts: EffectActivities;
let entry: UndoEntry;

beforeEach(async () => {
  api = new FakeClusterApi();
  folder = await mkdtemp(join(tmpdir(), 'authority-'));
  world = new TrustedWorld(folder);
  const sent = async () => undefined;
  acts = createEffectActivities({
    effects: fakeEffects(api, folder),
    journal: openUndoJournal(folder),
    messages: { registerWithCountdown: sent, registerWithRestorer: sent, settleWithRestorer: sent },
    trust: world.trust,
  });
  const { before, seal } = await acts.captureEffect(captureInput(countdown));
  entry = entryOf(before, countdown, 1, seal);
});

/** All that the launch's write needs, as the countdown asks for it. */
const asked = (change: Partial<ApplyInput> = {}): ApplyInput => ({
  entry,
  wanted: { image: NEW },
  countdown,
  ...change,
  authority: change.authority === undefined ? world.authority(countdown) : change.authority,
});
const image = () => api.deployment?.spec.template.spec.containers[0]?.image;

async function refused(input: ApplyInput, why: RegExp, type = 'Refused'): Promise<void> {
  await expect(acts.applyEffect(input)).rejects.toMatchObject({ type, nonRetryable: true, message: expect.stringMatching(why) });
  expect([image(), api.writes]).toEqual([OLD, []]);
}

/** The newest run of the countdown as Temporal reports it; the step that asks stays its child. */
function runIs(change: Partial<CountdownRun>): void {
  const run = { ...runOf(countdown), ...change };
  world.runs.set(run.workflowId, run);
  const step = world.runs.get(`${world.caller?.workflowId}/${world.caller?.runId}`);
  if (step) world.runs.set(`${step.workflowId}/${step.runId}`, { ...step, parent: run });
}

const withDecisions = (decisions: Authority['decisions'], input?: CountdownInput): ApplyInput => {
  const authority = world.authority(countdown, input);
  return asked({ authority: { ...authority, decisions } });
};

describe('the write of a launch', () => {
  it('is refused when the signed plan has no launch, even without required approvals', async () => {
    const [poll] = releaseOf().spec.checkpoints;
    if (!poll) throw new Error('the plan begins with a poll');
    const checkpoints = [poll];
    await refused(withDecisions([], world.input(releaseOf(NEW, { checkpoints }))), /the signed plan has no launch/u);
  });

  it('lands with the signed start, its admission, the captured state and the approvals', async () => {
    await expect(acts.applyEffect(asked())).resolves.toMatchObject({ wrote: true });
    expect(image()).toBe(NEW);
  });

  it('lands without approvals where the signed plan has none, or lets people approve by Signal', async () => {
    const checkpoints = releaseOf().spec.checkpoints.slice(1);
    await acts.applyEffect(withDecisions([], world.input(releaseOf(NEW, { checkpoints }))));
    expect(image()).toBe(NEW);
    await expect(acts.applyEffect(withDecisions([], world.input(releaseOf(NEW, { allowUnverified: true }))))).resolves.toBeDefined();
  });

  it('that landed is read back by the step of its own countdown where it would not be allowed any more', async () => {
    const input = asked();
    await acts.applyEffect(input);
    runIs({ isSkippingTime: true });
    await expect(acts.applyEffect(input)).resolves.toMatchObject({ wrote: false });
    world.caller = null;
    await expect(acts.applyEffect(input)).rejects.toMatchObject({ type: 'Refused' });
    expect(api.writes.filter((write) => write.endsWith(' deployments'))).toHaveLength(1);
  });

  it('that landed under a fence changed by someone else is not read back as ours', async () => {
    const input = asked();
    await acts.applyEffect(input);
    api.change(({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'tminus.dev/fencing-generation': '9' };
    });
    runIs({ isSkippingTime: true });
    await expect(acts.applyEffect(input)).rejects.toMatchObject({ type: 'PreconditionChanged', nonRetryable: true });
  });

  it('is refused until the reset of an earlier run is waived', async () => {
    const authority = { ...world.authority(countdown), resets: ['run-0b'] };
    await refused(asked({ authority }), /run run-0b was reset in Temporal, and nobody has waived CountdownReset\/run-0b/u);
  });

  it('is not sent where what allows it took so long to read that Temporal has given this attempt up', async () => {
    const input = asked();
    const { readRun } = world.trust;
    const clock = jest.spyOn(performance, 'now');
    world.trust.readRun = async (id) => {
      clock.mockReturnValue(performance.now() + 9_000);
      return readRun(id);
    };
    await expect(acts.applyEffect(input)).rejects.toMatchObject({ type: 'Unreachable' });
    clock.mockRestore();
    expect([image(), api.writes.filter((write) => write.endsWith(' deployments'))]).toEqual([OLD, []]);
  });

  it('is refused without authority', () => refused(asked({ authority: null }), /carries no signed start/));

  it.each<[string, (authority: Authority) => Authority | Promise<Authority>, RegExp, string?]>([
    ['an unsigned start', (a) => ({ ...a, input: { ...a.input, start: undefined as never } }), /is not signed/, 'SignatureInvalid'],
    ['an input that was not signed', (a) => ({ ...a, input: { ...a.input, rehearsal: true } }), /another input/, 'SignatureInvalid'],
    [
      'a start of another installation',
      async (a) => ({ ...a, input: new TrustedWorld(join(folder, 'x')).input() }),
      /does not trust/,
      'SignatureInvalid',
    ],
    ['a start that no worker admitted', (a) => ({ ...a, input: world.input() }), /no worker of this installation admitted/],
    [
      'an admission of another run',
      (a) => ({ ...a, admission: world.key.seal(admissionOf(countdownOf('run-0'), a.input.start)) }),
      /admitted/,
    ],
    ['an admission by the key of nobody', (a) => ({ ...a, admission: { ...a.admission, keyId: '0123456789abcdef' } }), /admitted/],
  ])('is refused with %s', async (...[, change, why, type]) =>
    refused(asked({ authority: await change(world.authority(countdown)) }), why, type),
  );

  it('is refused for another image, and for another Deployment, than the release names', async () => {
    await refused(asked({ wanted: { image: 'registry.local/go-api:sha-evil' } }), /the request is for .*sha-evil/);
    await refused(
      asked({ authority: world.authority(countdown, world.input(releaseOf('registry.local/go-api:sha-other'))) }),
      /sha-other, and/,
    );
    const elsewhere = releaseOf(NEW, { cluster: 'prod' });
    await refused(asked({ authority: world.authority(countdown, world.input(elsewhere)) }), /launches prod\/shop\/go-api/);
  });

  it.each<[string, () => UndoEntry]>([
    ['no seal', () => ({ ...entry, seal: undefined as never })],
    ['another state', () => ({ ...entry, before: { ...(entry.before as object), image: NEW } })],
    ['another fence', () => ({ ...entry, generation: 9 })],
    ['the seal of another countdown', () => ({ ...entry, seal: world.key.seal(capturedStatement(entry, countdownOf('run-0'))) })],
  ])('is refused with a captured state that has %s', async (_, change) => {
    await refused(asked({ entry: change() }), /was not captured by a worker of this installation/);
    await expect(acts.registerUndo({ entry: change(), countdown })).rejects.toMatchObject({ type: 'Refused', nonRetryable: true });
  });

  it('is refused to a standalone activity that has copied everything', async () => {
    const input = asked();
    world.caller = null;
    await refused(input, /the caller is not a workflow/);
  });

  it('is refused to a foreign workflow that has copied everything', async () => {
    const input = asked();
    const foreign = { ...runOf(countdown), workflowId: 'mine', runId: 'mine-1', workflowType: 'launchStep' };
    for (const parent of [null, { workflowId: 'countdown/other', runId: 'run-1' }, { workflowId: countdown.workflowId, runId: 'run-0' }]) {
      world.runs.set('mine/mine-1', { ...foreign, parent });
      world.caller = foreign;
      await refused(input, /mine is not a child of the current run of countdown\/go-api-1\.4\.0/);
    }
  });

  it.each<[string, Partial<CountdownRun>, RegExp]>([
    ['has ended', { isRunning: false }, /run run-1 of countdown\/go-api-1\.4\.0 has ended/],
    ['began otherwise', { firstRunId: 'run-0' }, /run run-1 of countdown\/go-api-1\.4\.0 has ended/],
    ['has a retry policy', { hasRetryPolicy: true }, /retry policy/],
    ['runs on a cron schedule', { cronSchedule: '* * * * *' }, /cron schedule/],
    ['is at a second attempt', { attempt: 2 }, /attempt 2/],
    ['was started with a delay', { startDelayMs: 1_000 }, /delay/],
    ['skips time', { isSkippingTime: true }, /not a rehearsal/],
    ['was reset', { runId: 'run-2' }, /was reset in Temporal, and nobody has waived CountdownReset\/run-2/],
  ])('is refused from a run that %s', async (_, change, why) => {
    const input = asked();
    runIs(change);
    await refused(input, why);
  });

  it('is refused before the time that was signed, by the real clock; a rehearsal has a clock of its own', async () => {
    world.nowMs = Date.parse(LAUNCH_AT) - 60_001;
    await refused(asked(), /signed for a launch at 2026-11-25 09:00 UTC or later/);
    await acts.applyEffect(asked({ authority: world.authority(countdown, world.input(releaseOf(), { rehearsal: true })) }));
    expect(image()).toBe(NEW);
  });
});

describe('a reset run', () => {
  const waiver = (change: Partial<ActionRequest> = {}) =>
    world.act(countdown, {
      action: 'waive',
      checkpoint: 'launch',
      finding: 'CountdownReset/run-2',
      expiresAt: '2026-11-25T10:00:00.000Z',
      ...change,
    });
  const withWaiver = (signed: Authority['decisions'][number]) => {
    const authority = world.authority(countdown);
    runIs({ runId: 'run-2' });
    return asked({ authority: { ...authority, decisions: [...authority.decisions, signed] } });
  };

  it('launches after an authorized person has accepted that reset', async () => {
    await expect(acts.applyEffect(withWaiver(waiver()))).resolves.toMatchObject({ wrote: true });
  });

  it.each<[string, Partial<ActionRequest>]>([
    ['another reset', { finding: 'CountdownReset/run-1' }],
    ['another finding', { finding: 'LatencyAboveLimit/run-2' }],
    ['a time that is over', { expiresAt: '2026-11-25T08:59:00.000Z' }],
    ['the requester', { principal: someone('requester') }],
    ['somebody outside the group', { principal: someone('x', { groups: ['visitors'] }) }],
    ['nobody who was verified', { principal: someone('x', { verified: false }) }],
    ['another run', { run: 'run-0' }],
    ['an approval', { action: 'approve' }],
  ])('does not, where the waiver is of %s', async (_, change) => refused(withWaiver(waiver(change)), /nobody has waived/));
});

describe('approvals that came with a launch', () => {
  const two = (change: Partial<ActionRequest>) => [
    world.act(countdown, change),
    world.act(countdown, { principal: someone('a.osei'), ...change }),
  ];

  it.each<[string, () => Authority['decisions'], RegExp, string?]>([
    ['are missing', () => [], /checkpoint final-poll needs 2 approvals .* 0 were supplied/],
    ['are one too few', () => [world.act(countdown)], /1 were supplied/],
    ['are the same one twice', () => [world.act(countdown), world.act(countdown)], /1 were supplied/],
    ['were signed for another run', () => two({ run: 'run-0' }), /0 were supplied/],
    ['were signed for another countdown', () => two({ countdown: 'countdown/other' }), /0 were supplied/],
    ['are of another checkpoint', () => two({ checkpoint: 'launch' }), /0 were supplied/],
    ['are rejections', () => two({ action: 'reject' }), /0 were supplied/],
    [
      'were given on different evidence',
      () => [world.act(countdown), world.act(countdown, { principal: someone('a.osei'), evidenceDigest: 'sha256:other' })],
      /1 were supplied/,
    ],
    [
      'were given on different revisions',
      () => [world.act(countdown), world.act(countdown, { principal: someone('a.osei'), revision: 2 })],
      /1 were supplied/,
    ],
    ['are by people outside the group', () => two({ principal: someone('x', { groups: ['visitors'] }) }), /0 were supplied/],
    [
      'are half the requester’s',
      () => [world.act(countdown), world.act(countdown, { principal: someone('requester') })],
      /1 were supplied/,
    ],
    ['are by nobody who was verified', () => two({ principal: someone('x', { verified: false }) }), /0 were supplied/],
    [
      'were edited',
      () => two({}).map((signed) => ({ ...signed, payload: signed.payload.replace('reject', 'approve').replace('read', 'seen') })),
      /does not match/,
      'SignatureInvalid',
    ],
    ['have no signature', () => two({}).map((signed) => ({ ...signed, signature: '' })), /does not match/, 'SignatureInvalid'],
    [
      'are signed by a stranger',
      () => {
        const other = new TrustedWorld(join(folder, 'x'));
        return [other.act(countdown), other.act(countdown, { principal: someone('a.osei') })];
      },
      /does not trust/,
      'SignatureInvalid',
    ],
    [
      'have the signature of one another',
      () => {
        const [one, other] = two({});
        return [
          { ...one!, signature: other!.signature },
          { ...other!, signature: one!.signature },
        ];
      },
      /does not match/,
      'SignatureInvalid',
    ],
    [
      'are seals of a worker',
      () =>
        two({}).map(({ payload }) => ({
          payload,
          ...world.key.seal({ kind: 'carried', countdown: countdown.workflowId, run: 'run-1', state: '' }),
        })),
      /does not trust/,
      'SignatureInvalid',
    ],
    ['are starts', () => [world.input().start, world.input().start], /is not an action in canonical JSON/, 'SignatureInvalid'],
  ])('do not count that %s', async (...[, decisions, why, type]) => refused(withDecisions(decisions()), why, type));
});

describe('a restore', () => {
  const restored = async () => {
    await acts.applyEffect(asked());
    await expect(acts.restoreEffect({ entry, countdown })).resolves.toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
  };
  /** Somebody deploys another image after the first capture: only the image differs, so the templates alone could not tell them apart. */
  const deployMeanwhile = () =>
    api.change(({ spec }) => {
      for (const container of spec.template.spec.containers) Object.assign(container, { image: 'registry.local/go-api:sha-mid0003' });
    });
  const loseKeys = () => rm(join(folder, 'worker-public-keys'), { recursive: true });
  const loseJournal = () => rm(join(folder, 'undo'), { recursive: true, force: true });

  it('needs no start, no approvals and no run', async () => {
    await acts.registerUndo({ entry, countdown });
    await acts.applyEffect(asked());
    world.runs.clear();
    world.caller = null;
    await expect(acts.restoreEffect({ entry, countdown })).resolves.toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
  });

  it('needs no key: the journal confirms the state', async () => {
    await acts.registerUndo({ entry, countdown });
    await acts.applyEffect(asked());
    await loseKeys();
    api.before = (_, resource) => {
      if (resource.resource === 'leases') throw new Error('no Lease can be read');
    };
    await expect(acts.restoreEffect({ entry, countdown })).resolves.toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
  });

  it('needs no journal: the seal confirms the state', async () => {
    await loseJournal();
    await restored();
  });

  it('needs neither: the Lease confirms the state', async () => {
    await acts.applyEffect(asked());
    await Promise.all([loseKeys(), loseJournal()]);
    await expect(acts.restoreEffect({ entry: { ...entry, seal: undefined as never }, countdown })).resolves.toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
  });

  it('is retried when keys and journal are lost and the API server is unreachable', async () => {
    await acts.applyEffect(asked());
    await Promise.all([loseKeys(), loseJournal()]);
    api.before = (_, resource) => {
      if (resource.resource === 'leases') throw new Error('no response from the API server');
    };
    const lost = { entry: { ...entry, seal: undefined as never }, countdown };
    await expect(acts.restoreEffect(lost)).rejects.toMatchObject({ type: 'Unreachable', nonRetryable: false });
    api.before = () => undefined;
    expect(await acts.restoreEffect(lost)).toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
  });

  it('to a state that was not captured is refused to every caller', async () => {
    await acts.registerUndo({ entry, countdown });
    await acts.applyEffect(asked());
    const forged = { ...entry, before: { ...(entry.before as object), templateHash: 'hash9', templateDigest: 'sha256:other' } };
    await expect(acts.restoreEffect({ entry: forged, countdown })).rejects.toMatchObject({
      type: 'Refused',
      nonRetryable: true,
      message: expect.stringMatching(/neither the journal nor a seal of this installation nor the cluster confirms/),
    });
    expect(image()).toBe(NEW);
  });

  it('to another state than the launch replaced is refused, though a worker captured it for this countdown', async () => {
    deployMeanwhile();
    const later = await acts.captureEffect(captureInput(countdown));
    await acts.applyEffect(asked({ entry: entryOf(later.before, countdown, 1, later.seal) }));
    await expect(acts.restoreEffect({ entry, countdown })).rejects.toMatchObject({
      type: 'Fenced',
      message: expect.stringContaining('as the state before the launch'),
    });
    expect(image()).toBe(NEW);
  });

  it('cannot be prepared for another state under the id of the launch: the launch is refused then, and not its rollback', async () => {
    await acts.registerUndo({ entry, countdown });
    deployMeanwhile();
    const later = await acts.captureEffect(captureInput(countdown));
    const own = entryOf(later.before, countdown, 1, later.seal);
    await expect(acts.registerUndo({ entry: own, countdown })).rejects.toMatchObject({ type: 'UndoRefused', nonRetryable: true });
  });
});
