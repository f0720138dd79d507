import { expect, it } from '@jest/globals';
import { reasonOf } from './reason-of.ts';

const refused = (address: string) => Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' });

it.each<[string, unknown, string]>([
  ['the message', refused('10.1.2.3:80'), 'connect ECONNREFUSED 10.1.2.3:80'],
  ['the cause of a failed fetch', new TypeError('fetch failed', { cause: refused('10.1.2.3:80') }), 'connect ECONNREFUSED 10.1.2.3:80'],
  [
    'the innermost of two causes',
    new Error('outer', { cause: new Error('inner', { cause: refused('[::1]:80') }) }),
    'connect ECONNREFUSED [::1]:80',
  ],
  [
    'one reason for each address of a name',
    new AggregateError([refused('[::1]:80'), refused('127.0.0.1:80')], ''),
    'connect ECONNREFUSED [::1]:80; connect ECONNREFUSED 127.0.0.1:80',
  ],
  ['a reason that all addresses share, once', new AggregateError([new Error('timed out'), new Error('timed out')]), 'timed out'],
  ['the code where there is no message', Object.assign(new Error(''), { code: 'ECONNRESET' }), 'ECONNRESET'],
  ['the text of what is not an error', 'plain text', 'plain text'],
  ['nothing', undefined, 'undefined'],
])('gives %s', (_what, error, reason) => {
  expect(reasonOf(error)).toBe(reason);
});
