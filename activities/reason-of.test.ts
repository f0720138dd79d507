import { expect, it } from '@jest/globals';
import { reasonOf } from './reason-of.ts';

const refused = new Error('connect ECONNREFUSED 127.0.0.1:6');

it.each([
  ['the message of an error', refused, refused.message],
  ['the cause of a failed fetch', new TypeError('fetch failed', { cause: refused }), refused.message],
  ['the cause of an error without a message', new Error('', { cause: refused }), refused.message],
  [
    'every address of a name, each reason once',
    new AggregateError([refused, refused, new Error('connect ETIMEDOUT ::1')]),
    `${refused.message}; connect ETIMEDOUT ::1`,
  ],
  ['the code of an error without a message', Object.assign(new Error(''), { code: 'ENOTFOUND' }), 'ENOTFOUND'],
  ['text that was thrown', 'broken', 'broken'],
])('answers %s', (_, error, reason) => {
  expect(reasonOf(error)).toBe(reason);
});

it('does not read behind a message that hides a value', () => {
  const driver = new Error('invalid input syntax for type integer: "alice@example.com"');
  expect(reasonOf(new Error('the statement fails (SQLSTATE 22P02)', { cause: driver }))).toBe('the statement fails (SQLSTATE 22P02)');
});
