import { describe, expect, it } from '@jest/globals';
import { logCondition, logPod, logSample, STARTED_MS, tallyOf, watchOf } from '../testing/triggers.ts';
import { matches, readLogText, type LogCursor } from './log-text.ts';
import type { LogSample } from './sample.ts';

const text = logCondition.text;
const MATCH = 'level=error msg="dial tcp 10.1.2.3:5432: i/o timeout"';
const START_S = STARTED_MS / 1_000;
const line = (second: string, message = MATCH): string => `2026-11-24T09:00:${second}Z ${message}\n`;
const read = (log: string, cursor: LogCursor | null = null, cut = false) => readLogText(log, { cursor, fromMs: STARTED_MS, cut, text });

describe('the text of a log', () => {
  it.each([
    ['dial tcp*: i/o timeout', 'dial tcp 10.1.2.3:5432: i/o timeout', true],
    ['dial tcp*: i/o timeout', 'dial tcp: i/o timeout', true],
    ['dial tcp*: i/o timeout', 'read tcp 10.1.2.3:5432: i/o timeout', false],
    ['dial tcp*: i/o timeout', ': i/o timeout after dial tcp', false],
    ['timeout', 'Timeout', false],
    ['a*b*a', 'ab', false],
  ])('%s matches %s: %s', (pattern, message, expected) => expect(matches(message, pattern)).toBe(expected));

  it('counts the lines after a time, and the matching ones by second', () => {
    const log = `2026-11-24T08:59:59.999999999Z ${MATCH}\n` + line('01.5') + line('01.500000001', 'fine') + line('02.25') + line('02.75');
    expect(read(log)).toEqual({
      lines: 4,
      matches: [
        [START_S + 1, 1],
        [START_S + 2, 2],
      ],
      cursor: { second: START_S + 2, nanos: 750_000_000, same: 1 },
      gap: false,
      foreign: null,
    });
  });

  it('does not count lines again that sinceTime in whole seconds brings again, also of one time or out of order', () => {
    const before = line('02.1') + line('02.2') + line('02.2');
    const { cursor } = read(before);
    expect(cursor).toMatchObject({ nanos: 200_000_000, same: 2 });
    // stderr is 1 µs earlier than the line of stdout that was written before it.
    const after = read(before + line('02.2') + line('02.199999') + line('02.3'), cursor);
    expect(after).toMatchObject({ lines: 3, matches: [[START_S + 2, 3]], gap: false });
    expect(read(before + line('02.2') + line('02.199999') + line('02.3'), after.cursor)).toMatchObject({ lines: 0, matches: [] });
  });

  it('reports a gap when the last read line is gone, and counts what is certainly new', () => {
    const { cursor } = read(line('02.5'));
    expect(read(line('02.4') + line('09'), cursor)).toMatchObject({ lines: 1, matches: [[START_S + 9, 1]], gap: true });
    expect(read('', cursor)).toMatchObject({ lines: 0, gap: true, cursor });
  });

  it('leaves a line for the next time that is cut off or still being written', () => {
    expect(read(line('01') + line('02').slice(0, 40), null, true)).toMatchObject({ lines: 1, cursor: { second: START_S + 1 } });
    // Cut off before the last read line: nothing is new, and nothing is lost.
    const { cursor } = read(line('02.9'));
    expect(read(line('02.1') + line('02.2').slice(0, 40), cursor, true)).toMatchObject({ lines: 0, gap: false, cursor });
  });

  it('takes times with a zone, and refuses what is not a log', () => {
    expect(read(`2026-11-24T17:00:03.5+08:00 ${MATCH}\n`)).toMatchObject({ matches: [[START_S + 3, 1]] });
    expect(read('unable to retrieve container logs for containerd://ab12\n')).toMatchObject({
      lines: 0,
      foreign: 'unable to retrieve container logs for containerd://ab12',
    });
  });
});

const state = (samples: readonly LogSample[]) => tallyOf(samples, watchOf(logCondition)).reading?.state;
const at = (second: number, lines: number): [number, number] => [START_S + second, lines];

describe('a trigger on logs', () => {
  it('holds above the limit within 60 s, of all pods together', () => {
    const two = (atS: number, first: number, second: number) =>
      logSample(atS, [logPod({ matches: [at(atS - 1, first)] }), logPod({ name: 'go-api-a-2', matches: [at(atS - 2, second)] })]);
    const watch = watchOf(logCondition, { sinceMs: STARTED_MS });
    expect(tallyOf([two(30, 3, 2), two(60, 3, 2)], watch).reading?.state).toBe('false');
    expect(tallyOf([two(30, 3, 2), two(60, 3, 3)], watch).reading).toEqual({
      state: 'holds',
      message: '11 log lines of 2 pods matched "dial tcp*: i/o timeout" within 1 m, limit 10 a minute',
      values: { lines: 11, pods: 2 },
    });
  });

  it('slides: lines that are 60 s old do not count any more', () => {
    const samples = [logSample(0, [logPod()]), logSample(5, [logPod({ matches: [at(4, 8)] })])];
    expect(state([...samples, logSample(64, [logPod({ matches: [at(63, 3)] })])])).toBe('holds');
    expect(state([...samples, logSample(65, [logPod({ matches: [at(64, 3)] })])])).toBe('false');
  });

  it('is not false in the first minute unless the lines so far are within the limit', () => {
    const from = watchOf(logCondition, { sinceMs: STARTED_MS });
    const reading = (atS: number, lines: number) =>
      tallyOf([logSample(atS, [logPod({ matches: [at(atS - 1, lines)] })])], from).reading?.state;
    expect([reading(6, 1), reading(6, 2), reading(30, 5), reading(30, 6), reading(70, 10)]).toEqual([
      'false',
      'undecided',
      'false',
      'undecided',
      'false',
    ]);
  });

  it('counts by the clock of the node: 90 s behind, the surge is found all the same', () => {
    const samples = [logSample(95, [logPod({ matches: [at(4, 11)] })])];
    expect(state(samples)).toBe('holds');
  });

  it.each<[string, LogSample, string]>([
    ['the pods are unknown', logSample(10, [], 'cluster lab: could not list pods shop: forbidden (403)'), 'forbidden (403)'],
    [
      'the log of a pod is refused',
      logSample(10, [logPod({ trouble: 'could not get pods/log: forbidden (403)' })]),
      'pod go-api-a-1: could not get pods/log',
    ],
    ['there is no pod', logSample(10, []), 'the Deployment has no pod'],
    ['a pod was deleted', logSample(10, [logPod({ name: 'go-api-a-2' })]), 'pod go-api-a-1 was deleted, and its last lines were not read'],
    ['no pod ever logged a line', logSample(10, [logPod({ logged: false })]), '1 pod never logged a line'],
  ])('has no data when %s', (_, sample, message) => {
    const tally = tallyOf([logSample(5, [logPod()]), sample], watchOf(logCondition));
    expect(tally).toMatchObject({ reading: { state: 'no-data', message: expect.stringContaining(message) }, falseFromMs: null });
  });

  it('holds also while some lines cannot be read: they would only add to the others', () => {
    const unreadable = logPod({ name: 'go-api-a-2', trouble: 'timed out after 10 s' });
    expect(state([logSample(5, [logPod({ matches: [at(4, 11)] }), unreadable])])).toBe('holds');
  });

  it('keeps where it was while the pods are unknown, so that nothing is counted twice', () => {
    const cursor = { second: START_S + 4, nanos: 0, same: 1 };
    const tally = tallyOf([logSample(5, [logPod({ cursor })]), logSample(10, [], 'timed out')], watchOf(logCondition));
    expect(tally.logs.pods).toEqual({ 'go-api-a-1': { cursor, restarts: 0, logged: true } });
  });
});
