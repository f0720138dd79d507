import { beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CountdownRun } from '../../verdict/countdown-run.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import { TrustedWorld, releaseOf, runOf, someone } from '../testing/trusted.ts';
import { createAdmissionActivities, type AdmissionActivities } from './admit-start.ts';
import { startClaims } from './start-claims.ts';

const ID = 'countdown/go-api-1.4.0';
let folder: string;
let world: TrustedWorld;
let admission: AdmissionActivities;
let input: CountdownInput;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'admission-'));
  world = new TrustedWorld(folder);
  admission = createAdmissionActivities({ ...world.trust, claims: startClaims(folder) });
  input = world.input();
  asks('run-1');
});

/** The run whose activity this is. */
function asks(firstRunId: string, change: Partial<CountdownRun> = {}): void {
  const run = { ...runOf({ workflowId: ID, firstRunId, release: '', notify: [] }), ...change };
  world.runs.set(`${run.workflowId}/${run.runId}`, run);
  world.caller = run;
}

const admit = (asked = input) => admission.admit({ input: asked, carried: null });
const refusal = { nonRetryable: true };

describe('a start', () => {
  it('that the server signed is admitted, and again when the answer was lost', async () => {
    const seal = await admit();
    expect(await admit()).toEqual(seal);
  });

  it('is not admitted where the caller is not a workflow', async () => {
    world.caller = null;
    await expect(admit()).rejects.toMatchObject({
      ...refusal,
      type: 'Refused',
      message: expect.stringContaining('only a countdown workflow'),
    });
  });

  it.each<[string, () => unknown, RegExp]>([
    ['without a signature', () => undefined, /the start is not signed/],
    ['with an empty one', () => ({ ...input.start, signature: '' }), /does not match its content/],
    ['with a payload that was edited', () => edited((start) => ({ ...start, notAfter: '2027-01-01T00:00:00.000Z' })), /does not match/],
    [
      'with an action instead',
      () => world.act({ workflowId: ID, firstRunId: 'run-1', release: '', notify: [] }),
      /is not a start in canonical JSON/,
    ],
    [
      'with a worker’s seal instead',
      () => ({ payload: input.start.payload, ...world.key.seal({ kind: 'carried', countdown: ID, run: 'run-1', state: '' }) }),
      /does not trust/,
    ],
    ['with the signature of another server', () => new TrustedWorld(join(folder, 'other')).input().start, /does not trust/],
    [
      'with a key id that points at another file',
      () => ({ ...input.start, keyId: `../public-keys/${input.start.keyId}` }),
      /does not trust/,
    ],
  ])('is refused %s', async (_, start, why) => {
    await expect(admit({ ...input, start: start() as CountdownInput['start'] })).rejects.toMatchObject({
      ...refusal,
      type: 'SignatureInvalid',
      message: expect.stringMatching(why),
    });
  });

  it.each<[string, Partial<CountdownInput>]>([
    ['another release', { release: releaseOf('registry.local/go-api:sha-evil') }],
    ['no approvals', { release: releaseOf(undefined, { checkpoints: [] }) }],
    ['another requester', { requestedBy: someone('mallory') }],
    ['a rehearsal', { rehearsal: true }],
    ['unverified approvals', { release: releaseOf(undefined, { allowUnverified: true }) }],
  ])('is refused with %s in place of what was signed', async (_, change) => {
    await expect(admit({ ...input, ...change })).rejects.toMatchObject({
      type: 'SignatureInvalid',
      message: expect.stringContaining('was signed for another input'),
    });
  });

  it('is refused under another name', async () => {
    asks('run-1', { workflowId: 'countdown/other' });
    await expect(admit()).rejects.toMatchObject({ type: 'SignatureInvalid', message: `this start was signed for ${ID}` });
  });

  it.each([
    ['counts a minute after its end, for clocks differ', 360_000, true],
    ['is refused later, whenever a worker takes it up', 360_001, false],
  ])('%s', async (_, laterMs, counts) => {
    world.nowMs += laterMs;
    admission = createAdmissionActivities({ ...world.trust, claims: startClaims(folder) });
    if (counts) await admit();
    else
      await expect(admit()).rejects.toMatchObject({
        ...refusal,
        type: 'Expired',
        message: expect.stringContaining('start the release again'),
      });
  });

  it('that was sent again begins no second countdown, after the first has ended and also at the same time', async () => {
    await admit();
    asks('run-2');
    await expect(admit()).rejects.toMatchObject({
      ...refusal,
      type: 'Refused',
      message: expect.stringContaining('already used by run run-1'),
    });
    const other = world.input();
    const answers = await Promise.allSettled(
      ['run-3', 'run-4', 'run-5'].map((run) => {
        asks(run);
        return admit(other);
      }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  it('is admitted again after a reset to its beginning, however late that is: the reset shows before the launch', async () => {
    const seal = await admit();
    world.nowMs += 72 * 3_600_000;
    asks('run-1', { runId: 'run-9', originalRunId: 'run-1' });
    expect(await admit()).toEqual(seal);
  });

  it.each<[string, Partial<CountdownRun>, RegExp]>([
    ['a retry policy', { hasRetryPolicy: true }, /retry policy/],
    ['a later attempt', { attempt: 2, continuedRunId: 'run-0' }, /attempt 2/],
    ['a cron schedule', { cronSchedule: '@every 1m' }, /cron schedule/],
    ['a start delay', { startDelayMs: 60_000 }, /was started with a delay of 1 m/],
    ['time skipping', { isSkippingTime: true }, /is not a rehearsal/],
    ['a run before it, and nothing carried', { continuedRunId: 'run-0' }, /continued from run run-0 without its state/],
  ])('is refused with %s, though the server signed it', async (_, change, why) => {
    asks('run-1', change);
    await expect(admit()).rejects.toMatchObject({ ...refusal, type: 'Refused', message: expect.stringMatching(why) });
  });

  it('may skip time in a rehearsal', async () => {
    asks('run-1', { isSkippingTime: true });
    await expect(admit(world.input(releaseOf(), { rehearsal: true }))).resolves.toHaveProperty('signature');
  });
});

describe('carried state', () => {
  const DIGEST = 'sha256:state';
  const goOn = async (change: Partial<CountdownRun> = {}, carriedChange: object = {}, laterMs = 0) => {
    asks('run-1');
    const seal = await admit();
    const carried = {
      digest: DIGEST,
      admission: seal,
      seal: seals(DIGEST),
    };
    asks('run-1', { runId: 'run-2', originalRunId: 'run-2', continuedRunId: 'run-1', ...change });
    world.nowMs += laterMs;
    return admission.admit({ input, carried: { ...carried, ...carriedChange } });
  };
  const seals = (digest: string, run = 'run-1') => world.key.seal({ kind: 'carried', countdown: ID, run, state: digest });

  it('that a worker sealed is believed, long after the start has expired', async () => {
    await expect(goOn({}, {}, 72 * 3_600_000)).resolves.toHaveProperty('signature');
  });

  it.each<[string, () => object, RegExp]>([
    ['was changed', () => ({ digest: 'sha256:other' }), /differs from the state that a worker sealed/],
    ['has no seal', () => ({ seal: undefined }), /has no seal/],
    ['has the seal of another countdown', () => ({ seal: seals(DIGEST, 'run-7') }), /differs from the state/],
    [
      'has the seal of another installation',
      () => ({ seal: new TrustedWorld(join(folder, 'x')).key.seal({ kind: 'carried', countdown: ID, run: 'run-1', state: DIGEST }) }),
      /has no seal/,
    ],
    ['names no admission', () => ({ admission: undefined }), /has no seal/],
    ['has its seal for an admission', () => ({ admission: seals(DIGEST) }), /differs from the state/],
  ])('is refused that %s', async (_, change, why) => {
    await expect(goOn({}, change())).rejects.toMatchObject({ ...refusal, type: 'SignatureInvalid', message: expect.stringMatching(why) });
  });

  it('is refused in a chain that began otherwise: a retry policy or a cron schedule proves nothing, nor does a copy', async () => {
    await expect(goOn({ firstRunId: 'run-8' })).rejects.toMatchObject({ type: 'SignatureInvalid' });
    await expect(goOn({ hasRetryPolicy: true, attempt: 2 })).rejects.toMatchObject({ type: 'Refused' });
    await expect(goOn({ cronSchedule: '@every 1m' })).rejects.toMatchObject({ type: 'Refused' });
  });

  it('is sealed only for an admitted run, and only for the chain of the calling run', async () => {
    const seal = await admit();
    const asked = { start: input.start, admission: seal, digest: DIGEST, resets: [] };
    asks('run-2');
    await expect(admission.sealCarried(asked)).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('was not admitted'),
    });
    world.caller = null;
    await expect(admission.sealCarried(asked)).rejects.toMatchObject({ type: 'Refused' });
    asks('run-1');
    await expect(admission.sealCarried({ ...asked, start: world.input().start })).rejects.toMatchObject({ type: 'Refused' });
  });

  it('is sealed for a run that was reset only once its state records the reset, for the next run has no trace of it', async () => {
    const asked = { start: input.start, admission: await admit(), digest: DIGEST };
    asks('run-1', { runId: 'run-1b', originalRunId: 'run-1' });
    await expect(admission.sealCarried({ ...asked, resets: [] })).resolves.toEqual({ reset: 'run-1b' });
    await expect(admission.sealCarried({ ...asked, resets: ['run-1b'] })).resolves.toEqual({ seal: seals(DIGEST) });
  });

  it('is not trusted after its public key was removed', async () => {
    await goOn();
    const keys = join(folder, 'worker-public-keys');
    for (const name of await readdir(keys)) await rm(join(keys, name));
    const kept = { digest: DIGEST, admission: seals('x'), seal: seals(DIGEST) };
    await expect(admission.admit({ input, carried: kept })).rejects.toMatchObject({ message: expect.stringContaining('workerPublicKeys') });
  });

  it('is retried while the folder of public keys is missing', async () => {
    await goOn();
    await rm(join(folder, 'worker-public-keys'), { recursive: true });
    const kept = { digest: DIGEST, admission: seals('x'), seal: seals(DIGEST) };
    await expect(admission.admit({ input, carried: kept })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

function edited(change: (start: Record<string, unknown>) => object): object {
  return { ...input.start, payload: JSON.stringify(change(JSON.parse(input.start.payload) as Record<string, unknown>)) };
}
