import { describe, expect, it } from '@jest/globals';
import { mutantsOf } from './mutants.ts';

const without = (text: string): string[] => mutantsOf('a.ts', text).map((mutant) => mutant.text);

describe('a guard is', () => {
  it.each([
    ['an early return', 'if (a > 1) return b;', 'if (false) return b;'],
    ['an early throw', `if (a) throw refuse('no');`, `if (false) throw refuse('no');`],
    ['a block that ends with one', 'if (a) {\n  note();\n  return b;\n}', 'if (false) {\n  note();\n  return b;\n}'],
    ['a step of a loop that is skipped', 'for (;;) if (a) continue;', 'for (;;) if (false) continue;'],
    ['a finding that is added', 'if (a) findings.push(b);', 'if (false) findings.push(b);'],
    ['a refusal at the end of a way', `switch (a) { default: throw refuse('no'); }`, 'switch (a) { default: ; }'],
    ['a reason or nothing', `const why = a ? 'late' : null;`, 'const why = null;'],
    ['a condition of a rule', `rules({ when: (state) => state.live, reason: 'r' });`, `rules({ when: () => false, reason: 'r' });`],
  ])('%s', (_, text, mutated) => {
    expect(without(text)).toEqual([mutated]);
  });

  it('each of two questions that are asked one after the other', () => {
    expect(without('return (await first()) ?? second();')).toEqual(['return second();', 'return (await first());']);
  });
});

it.each([
  ['a choice between two values', `const word = a ? 'one' : 'two';`],
  ['work that is done under a condition', 'if (a) count += 1;'],
  ['an error that is passed on', 'try { f(); } catch (error) { throw error; }'],
  ['a default value', `const name = names.get(key) ?? 'none';`],
])('leaves %s alone', (_, text) => {
  expect(without(text)).toEqual([]);
});

it('names the place and the guard', () => {
  expect(mutantsOf('a.ts', '\nif (a)\n  return b;')).toMatchObject([{ file: 'a.ts', line: 2, guard: 'if (a) return b;' }]);
});
