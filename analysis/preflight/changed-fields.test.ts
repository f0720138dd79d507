import { expect, it } from '@jest/globals';
import { changedFields } from './changed-fields.ts';

const fields = (asked: unknown, got: unknown) => changedFields(asked, got).map(({ field }) => field);

it('finds nothing in equal values, whatever the order of their keys', () => {
  expect(changedFields({ a: 1, b: [{ name: 'x' }, null] }, { b: [{ name: 'x' }, null], a: 1 })).toEqual([]);
});

it('names what was changed, added and taken away by its path', () => {
  expect(
    changedFields(
      { spec: { containers: [{ name: 'a', image: 'x' }, { name: 'b' }] }, 'example.org/note': 'kept' },
      {
        spec: {
          containers: [
            { name: 'a', image: 'y' },
            { name: 'b', tty: true },
          ],
        },
      },
    ),
  ).toEqual([
    { field: 'spec.containers[a].image', asked: 'x', got: 'y' },
    { field: 'spec.containers[b].tty', asked: undefined, got: true },
    { field: '[example.org/note]', asked: 'kept', got: undefined },
  ]);
});

it('names a container that was added, and not every one after it', () => {
  expect(fields({ c: [{ name: 'a' }, { name: 'b' }] }, { c: [{ name: 'proxy' }, { name: 'a' }, { name: 'b' }] })).toEqual(['c[proxy]']);
});

it.each([
  ['another order', [{ name: 'a' }, { name: 'b' }], [{ name: 'b' }, { name: 'a' }]],
  ['a name twice', [{ name: 'a' }], [{ name: 'a' }, { name: 'a' }]],
  ['an element without a name', ['a'], ['b']],
  ['a shorter list', [{ name: 'a' }, 1], [{ name: 'a' }]],
  ['another kind of value', { a: 1 }, [1]],
  ['nothing', { a: 1 }, null],
])('never takes %s for the same', (_what, asked, got) => {
  expect(changedFields(asked, got)).not.toEqual([]);
});
