import { headWord, shownVerdict } from './words.ts';

it('has no verdict while nothing stands against a countdown that is under way', () => {
  expect(shownVerdict('go', false)).toBeNull();
  expect(shownVerdict('hold', false)).toBe('hold');
  expect(shownVerdict('no-go', false)).toBe('no-go');
  expect(shownVerdict('go', true)).toBe('go');
});

it('puts on top the ending, else what stands against it, else what it is doing', () => {
  expect(headWord({ ending: 'launched', verdict: 'go', phase: 'ended' })).toBe('launched');
  expect(headWord({ verdict: 'hold', phase: 'waiting' })).toBe('hold');
  for (const verdict of ['go', null] as const) expect(headWord({ verdict, phase: 'counting' })).toBe('counting');
});
