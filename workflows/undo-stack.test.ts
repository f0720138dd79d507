import { describe, expect, it } from '@jest/globals';
import type { UndoEntry } from '../verdict/undo.ts';
import { COUNTDOWN, undoEntry } from './testing/state.ts';
import { dueAtEnd, explainUnregistrable, isLive, register } from './undo-stack.ts';
import type { Ending } from '../verdict/countdown-status.ts';

/** As it arrives: anything may be sent. */
const refusal = (change: Record<string, unknown>) => explainUnregistrable({ ...undoEntry(), ...change } as UndoEntry, COUNTDOWN);
const FIELDS = 'an undo needs id, kind, target, generation, name, live, order and within';

describe('an undo is registered', () => {
  it('when it is whole, of a known kind and scope, and of this countdown', () => expect(refusal({})).toBeNull());

  it.each<[string, Record<string, unknown>]>([
    ['an id that is no text', { id: 7 }],
    ['no name', { name: undefined }],
    ['a kind that is no text', { kind: 1 }],
    ['no target', { target: undefined }],
    ['a target without a cluster', { target: { key: 'shop/go-api' } }],
    ['a target without a key', { target: { cluster: 'lab' } }],
    ['live that is neither true nor false', { live: 'yes' }],
    ['a generation that is no whole number', { generation: 1.5 }],
    ['an order that is not finite', { order: null }],
    ['no budgets', { within: undefined }],
    ['a budget to restore that is not finite', { within: { restoreMs: null, proveMs: 1 } }],
    ['a budget to prove that is not finite', { within: { restoreMs: 1, proveMs: Number.NaN } }],
    ['a budget of nothing', { within: { restoreMs: 0, proveMs: 1 } }],
    ['a budget of half a millisecond', { within: { restoreMs: 0.5, proveMs: 1 } }],
    ['a negative budget', { within: { restoreMs: 1, proveMs: -1 } }],
    ['a budget of more than a day', { within: { restoreMs: 86_400_001, proveMs: 1 } }],
  ])('never with %s', (_what, change) => expect(refusal(change)).toBe(FIELDS));

  it('never when nothing at all is sent', () => expect(explainUnregistrable(undefined, COUNTDOWN)).toBe(FIELDS));

  it('with budgets of up to a day', () => expect(refusal({ within: { restoreMs: 86_400_000, proveMs: 1 } })).toBeNull());

  it.each(['node-drain', 'constructor'])('never of the kind %s, which nobody here could take back', (kind) =>
    expect(refusal({ kind })).toBe(`no effect of kind ${kind} can be undone by this version; it was not started`),
  );

  it.each(['step', 'countdown', 'always', 'kept'])('with the scope %s', (scope) => expect(refusal({ scope })).toBeNull());

  it.each(['for-ever', undefined])('never with the scope %s', (scope) =>
    expect(refusal({ scope })).toBe(`unknown undo scope ${scope}; it was not started`),
  );

  it.each(['countdown/other/run-1/x', 'countdown/r/run-2/x', 'countdown/r/run-1'])('never for another countdown: %s', (id) =>
    expect(refusal({ id })).toBe(`the undo ${id} belongs to another countdown; it was not started`),
  );

  it('once, although it is sent again', () => {
    const [first, second] = [undoEntry(), undoEntry({ id: 'another' })];
    const stack = register(register(register([], first), { ...first, name: 'sent again' }), second);
    expect(stack).toEqual([first, second]);
  });
});

describe('what is due at the end', () => {
  const ENDINGS: Ending[] = ['launched', 'passed', 'no-go', 'rolled-back', 'aborted', 'undo-incomplete'];
  it.each<[UndoEntry['scope'], Ending[]]>([
    ['step', ENDINGS],
    ['always', ENDINGS],
    ['countdown', ENDINGS.filter((ending) => ending !== 'launched')],
    ['kept', ENDINGS.filter((ending) => ending !== 'launched')],
  ])('of scope %s: restored after %j', (scope, restoredAfter) => {
    const entry = undoEntry({ scope });
    expect(ENDINGS.filter((ending) => dueAtEnd([entry], ending).includes(entry))).toEqual(restoredAfter);
  });
});

it('a countdown is live while one undo of a candidate that serves people stands', () => {
  const [drill, launch] = [undoEntry({ live: false }), undoEntry()];
  expect([isLive([]), isLive([drill]), isLive([drill, launch])]).toEqual([false, false, true]);
});
