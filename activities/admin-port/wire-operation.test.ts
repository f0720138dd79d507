import { expect, it } from '@jest/globals';
import { isByTminus, wireAuthor, wireOperation } from './wire-operation.ts';

const long = (part: string): string =>
  `countdown/${'r'.repeat(63)}/run/${'c'.repeat(63)}/${'s'.repeat(63)}/1/service-switch/${part.repeat(80)}`;

it('names an operation by its id, and a long one by a bounded name that differs for each', () => {
  expect(wireOperation({ id: 'countdown/a/run/c/s/1/service-switch/shop/go-api' })).toBe(
    'countdown/a/run/c/s/1/service-switch/shop/go-api',
  );
  const names = [long('a'), long('b'), `${long('a')}#restore`].map((id) => wireOperation({ id }));
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^countdown\/r{63}\/run\/.{1,170}~[0-9a-f]{32}$/);
  for (const name of names) expect(name.length).toBeLessThanOrEqual(256);
});

it('names an author within the limit of the endpoints, and recognizes it', () => {
  const who = wireAuthor({ countdown: `countdown/${'r'.repeat(63)}/01234567-0123-0123-0123-012345678901` });
  expect(who.length).toBeLessThanOrEqual(128);
  expect([isByTminus(who), isByTminus('li.wei')]).toEqual([true, false]);
});
