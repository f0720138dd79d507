import { describe, expect, it } from '@jest/globals';
import { long, patient, queued, quick, undoing, undoingLong } from './activity-options.ts';

const givesUpOn = ({ retry }: { retry?: { nonRetryableErrorTypes?: readonly string[] } }) => retry?.nonRetryableErrorTypes ?? [];

/** An API server that restarts, a token that is being renewed, a worker with the wrong environment file: wrong now, and perhaps not for long. */
const MAY_COME_RIGHT = ['Forbidden', 'NotFound', 'Misconfigured'];
const NEVER_COMES_RIGHT = [
  'Refused',
  'Fenced',
  'PreconditionChanged',
  'OperationOpen',
  'Paused',
  'SignatureInvalid',
  'EvidenceMissing',
  'EvidenceDamaged',
];

describe('how long an activity is tried', () => {
  it.each([
    ['a small act', quick],
    ['long work', long(60_000)],
    ['work of a queue', queued(60_000)],
    ['book-keeping', patient],
  ])('ends %s at once where a right, a name or the environment file is wrong', (_what, options) => {
    expect(givesUpOn(options)).toEqual(expect.arrayContaining([...MAY_COME_RIGHT, ...NEVER_COMES_RIGHT]));
  });

  it.each([
    ['the write of an undo', undoing],
    ['the watch of an undo', undoingLong(60_000)],
  ])('goes on with %s through these for a day, and ends it only where trying on would be wrong', (_what, options) => {
    expect([...givesUpOn(options)].sort()).toEqual([...NEVER_COMES_RIGHT].sort());
    expect(options.scheduleToCloseTimeout).toBe('24h');
  });
});

describe('the time of work that waits for a slot', () => {
  const options = queued(60_000);

  it('begins when a worker takes it up: nothing counts the wait in', () => {
    expect(options.startToCloseTimeout).toBe(60_000);
    expect(options.scheduleToCloseTimeout).toBeUndefined();
  });

  it('is bounded all the same: the attempts by their number, the wait by a day', () => {
    expect(options.retry?.maximumAttempts).toBe(8);
    expect(options.scheduleToStartTimeout).toBe('24h');
  });
});
