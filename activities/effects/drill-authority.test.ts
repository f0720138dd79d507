// Who may change something in a drill: what the signed release plans in this very step, once the checkpoints before it are approved.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UndoEntry } from '../../verdict/undo.ts';
import type { Release } from '../../release/release.ts';
import { countdown, drillRelease, drillWorld, TTL_MS, WANTED, type DrillWorld } from '../testing/one-drill.ts';
import { LAUNCH_AT, runOf } from '../testing/trusted.ts';
import type { ApplyInput, Authority } from './contract.ts';

let world: DrillWorld;
let entry: UndoEntry;
beforeEach(async () => {
  world = await drillWorld('service-switch');
  entry = await world.captured('service-switch');
});
afterEach(() => world.pods.close());

const asked = (change: Partial<ApplyInput> = {}): ApplyInput => ({
  entry,
  wanted: WANTED['service-switch'],
  countdown,
  authority: world.trusted.authority(countdown, world.trusted.input(drillRelease())),
  ...change,
});
const withAuthority = (change: (authority: Authority) => Authority): ApplyInput => {
  const input = asked();
  return { ...input, authority: input.authority && change(input.authority) };
};
const withRelease = (release: Release) => asked({ authority: world.trusted.authority(countdown, world.trusted.input(release)) });

async function refused(input: ApplyInput, message: RegExp, type = 'Refused'): Promise<void> {
  await expect(world.acts.applyEffect(input)).rejects.toMatchObject({ type, nonRetryable: true, message: expect.stringMatching(message) });
  expect(world.pods.audit()).toEqual([]);
}

describe('a change of a drill', () => {
  it('is allowed days before the launch, on virtual time, and in a run that was reset', async () => {
    world.trusted.nowMs = Date.parse(LAUNCH_AT) - 48 * 3_600_000;
    const input = asked();
    const run = { ...runOf(countdown), isSkippingTime: true, originalRunId: 'run-0' };
    world.trusted.runs.set(run.workflowId, run);
    await expect(world.acts.applyEffect(input)).resolves.toMatchObject({ wrote: true });
  });

  it('needs the approvals before its checkpoint', async () => {
    await refused(
      withAuthority((authority) => ({ ...authority, decisions: [] })),
      /checkpoint final-poll needs 2 approvals .* 0 were supplied/,
    );
  });

  it('needs no approval of its own checkpoint or a later one', async () => {
    const [poll, drill, launch] = drillRelease().spec.checkpoints;
    if (!poll || !drill || !launch) throw new Error('three checkpoints');
    const release = drillRelease({ checkpoints: [{ ...drill, approval: poll.approval }, poll, launch] });
    const input = withRelease(release);
    await expect(
      world.acts.applyEffect({ ...input, authority: input.authority && { ...input.authority, decisions: [] } }),
    ).resolves.toMatchObject({ wrote: true });
  });

  it.each<[string, (authority: Authority) => Authority, RegExp, string?]>([
    ['an unsigned start', (a) => ({ ...a, input: { ...a.input, start: undefined as never } }), /is not signed/, 'SignatureInvalid'],
    [
      'a start that no worker admitted',
      (a) => ({ ...a, input: world.trusted.input(drillRelease()) }),
      /no worker of this installation admitted/,
    ],
  ])('is refused with %s', (...[, change, message, type]) => refused(withAuthority(change), message, type));

  it('is refused to a caller that is not a step of the countdown, and once the run has ended', async () => {
    const input = asked();
    world.trusted.runs.set(countdown.workflowId, { ...runOf(countdown), isRunning: false });
    await refused(input, /has ended/);
    world.trusted.caller = null;
    await refused(input, /the caller is not a workflow/);
  });

  it('is refused once its step was terminated, for the countdown restores then', async () => {
    const input = asked();
    const step = world.trusted.caller;
    if (step === null) throw new Error('a step calls');
    const run = world.trusted.runs.get(`${step.workflowId}/${step.runId}`);
    if (!run) throw new Error('the step has a run');
    world.trusted.runs.set(`${step.workflowId}/${step.runId}`, { ...run, isRunning: false });
    await refused(input, /has ended/);
  });

  it('that landed is read back by the step of its own countdown where it would not be allowed any more', async () => {
    const input = asked();
    await world.acts.applyEffect(input);
    world.trusted.runs.set(countdown.workflowId, { ...runOf(countdown), isRunning: false });
    await expect(world.acts.applyEffect(input)).resolves.toMatchObject({ wrote: false });
    world.trusted.caller = null;
    await expect(world.acts.applyEffect(input)).rejects.toMatchObject({ type: 'Refused' });
  });

  it('is refused with a state that was not captured here', () =>
    refused(asked({ entry: { ...entry, before: { ...(entry.before as object), value: false } } }), /was not captured by a worker/));
});

describe('the plan of the release', () => {
  it('refuses another value, another switch, and a step that has no such action', async () => {
    await refused(asked({ wanted: { value: true, ttlMs: TTL_MS } }), /drill drill of the release does not plan switch pricing to true/);
    const [poll, drill, launch] = drillRelease().spec.checkpoints;
    if (!poll || !drill || !launch) throw new Error('three checkpoints');
    const without = { ...drill, steps: [{ ...drill.steps[0], actions: [] }] } as unknown as typeof drill;
    await refused(withRelease(drillRelease({ checkpoints: [poll, without, launch] })), /does not plan switch pricing to false/);
    await refused(withRelease(drillRelease({ checkpoints: [poll, launch] })), /has no drill drill in checkpoint drill/);
  });

  it('refuses an id that names another step, which would have other approvals', async () => {
    const id = entry.id.replace('/drill/drill/', '/final-poll/drill/');
    await refused(asked({ entry: { ...entry, id } }), /has no drill drill in checkpoint final-poll/);
    const step = entry.id.replace('/drill/drill/', '/drill/other/');
    await refused(asked({ entry: { ...entry, id: step } }), /has no drill other in checkpoint drill/);
    await refused(asked({ entry: { ...entry, id: `countdown/other/${entry.id}` } }), /names no step/);
  });

  it('refuses another Deployment than the one in staging', () =>
    refused(
      withRelease(drillRelease({ staging: { cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' } })),
      /drills of the release change lab\/shop-staging\/go-api\/go-api, and the request is for lab\/shop\/go-api\/go-api/,
    ));

  it('refuses the Deployment that goes live', () =>
    refused(
      withRelease(drillRelease({ service: { ...drillRelease().spec.service, namespace: 'shop' } })),
      /a drill would break production: staging of the release is lab\/shop\/go-api/,
    ));

  it('refuses faults with other parameters', async () => {
    await world.pods.close();
    world = await drillWorld('service-fault');
    entry = await world.captured('service-fault');
    await expect(world.apply(entry, { settings: { 'pricing-errors': '50' }, ttlMs: TTL_MS })).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringMatching(/does not plan the faults pricing-errors with these parameters/),
    });
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: true });
  });
});
