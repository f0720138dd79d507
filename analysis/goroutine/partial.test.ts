// Evidence that was cut off says so, and passes nothing.
import { expect, it } from '@jest/globals';
import { describeGoroutines } from './describe.ts';
import { counted, own, profile } from '../testing/frames.ts';
import { readGoroutines } from './read.ts';

const text = (content: string) => readGoroutines(new TextEncoder().encode(content));
const whole = readGoroutines(profile([[300, own.sender]]));

it('judges a cut profile of debug=1 by the total of its title, and says what is missing', () => {
  const { findings, facts } = describeGoroutines(readGoroutines(counted([[300, own.sender]], 'goroutine', 7_000)));
  expect(findings).toMatchObject([
    {
      code: 'GoroutinesHigh',
      outcome: 'fail',
      measured: 7_000,
      message: '7,000 goroutines, limit 5,000; 300 of them at main.send main.go:15',
    },
    {
      code: 'EvidenceUnreadable',
      subject: 'goroutines',
      outcome: 'inconclusive',
      measured: null,
      message: 'goroutines: the profile may be incomplete: the title counts 7000 goroutines, but the text lists 300',
    },
  ]);
  expect(facts[0]?.text).toBe('7,000 goroutines in 1 groups, 6,700 of them not read');
});

it('fails by the title alone, where nothing follows it', () => {
  const { findings } = describeGoroutines(text('goroutine profile: total 7000\n'));
  expect(findings).toMatchObject([{ code: 'GoroutinesHigh', message: '7,000 goroutines, limit 5,000' }, { code: 'EvidenceUnreadable' }]);
});

it('does not take the total of a leak profile for that of the process', () => {
  const { findings } = describeGoroutines(text('goroutineleak profile: total 7000\n'));
  expect(findings).toMatchObject([{ code: 'EvidenceUnreadable', outcome: 'inconclusive' }]);
  expect(describeGoroutines(text('goroutineleak profile: total 0\n')).findings).toEqual([]);
});

it('does not pass a dump that is only a truncated header, and counts further problems', () => {
  expect(describeGoroutines(text('goroutine 12 [select')).findings).toMatchObject([
    {
      code: 'EvidenceUnreadable',
      outcome: 'inconclusive',
      message: 'goroutines: the profile may be incomplete: invalid goroutine header on line 1: "goroutine 12 [select"',
    },
  ]);
  const { findings } = describeGoroutines(text('goroutine 12 [select\ngoroutine 13 [select\ngoroutine 14 [IO wait\n'));
  expect(findings[0]?.message).toMatch(/"goroutine 12 \[select", and 2 more problems$/u);
});

it('passes no profile without any goroutine: the one that writes it is always there', () => {
  for (const empty of [readGoroutines(profile([])), text('goroutine profile: total 0\n')])
    expect(describeGoroutines(empty).findings).toMatchObject([{ code: 'EvidenceUnreadable', outcome: 'inconclusive' }]);
  expect(describeGoroutines(readGoroutines(profile([], 'goroutineleak'))).findings).toEqual([]);
});

it('says of an earlier profile too that it was cut off', () => {
  const before = readGoroutines(counted([[300, own.sender]], 'goroutine', 400));
  expect(describeGoroutines(whole, before).findings).toMatchObject([
    {
      code: 'EvidenceUnreadable',
      subject: 'goroutines before',
      message: expect.stringMatching(/^goroutines before: the profile may be incomplete: the title/u),
    },
  ]);
});

it('recognizes a dump that Go cut off at 64 MB, even where it ends with a whole line', () => {
  const one = new TextEncoder().encode('goroutine 7 [chan send]:\nmain.send(0x1)\n\t/src/main.go:15 +0x1d\n\n');
  const dump = new Uint8Array(64 * 1024 * 1024).fill(0x0a);
  dump.set(one);
  const { total, problems } = readGoroutines(dump);
  expect([total, problems]).toEqual([1, ['the dump ends at 64 MB, where Go cuts it off']]);
  expect(readGoroutines(dump.subarray(0, -1)).problems).toEqual([]);
});
