import { guardUnderHold, headWord, isGoodEnding, shownVerdict, statusWords } from './words.ts';

it('has no verdict while nothing stands against a countdown that is under way', () => {
  expect(shownVerdict('go', false)).toBeNull();
  expect(shownVerdict('hold', false)).toBe('hold');
  expect(shownVerdict('no-go', false)).toBe('no-go');
  expect(shownVerdict('go', true)).toBe('go');
});

it('calls a plan without a launch that went through passed, in the tone of a success, and never launched', () => {
  expect(headWord({ ending: 'passed', verdict: 'go', phase: 'ended' })).toBe('passed');
  expect(statusWords.passed).toEqual({ text: 'passed', tone: 'go' });
  expect(['launched', 'passed'].every(isGoodEnding)).toBe(true);
  expect(['no-go', 'rolled-back', 'aborted', 'refused', 'undo-incomplete', undefined].some(isGoodEnding)).toBe(false);
});

it('has a text of its own for each ending', () => {
  const endings = ['launched', 'passed', 'no-go', 'rolled-back', 'aborted', 'refused', 'undo-incomplete'] as const;
  expect(new Set(endings.map((ending) => statusWords[ending].text)).size).toBe(endings.length);
});

it('says that the guard continues during the hold, and only where one runs', () => {
  const watched = [
    {
      steps: [
        { type: 'launch', state: 'done' },
        { type: 'guard', state: 'running' },
      ],
    },
  ];
  const sentence = 'the guard continues during the hold';
  expect(guardUnderHold({ phase: 'running', holds: [{}], checkpoints: watched })).toBe(sentence);
  expect(guardUnderHold({ phase: 'holding', holds: [], checkpoints: watched })).toBe(sentence);
  expect(guardUnderHold({ phase: 'running', holds: [], checkpoints: watched })).toBeNull();
  expect(guardUnderHold({ phase: 'holding', holds: [{}], checkpoints: [{ steps: [{ type: 'guard', state: 'later' }] }] })).toBeNull();
});

it('puts on top the ending, else what stands against it, else what it is doing', () => {
  expect(headWord({ ending: 'launched', verdict: 'go', phase: 'ended' })).toBe('launched');
  expect(headWord({ verdict: 'hold', phase: 'waiting' })).toBe('hold');
  for (const verdict of ['go', null] as const) expect(headWord({ verdict, phase: 'counting' })).toBe('counting');
});
