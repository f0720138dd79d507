import { describe, expect, it } from '@jest/globals';
import { auditActionOf, endingAfter } from './roll-back.ts';

const live = { restored: true, live: true, leftAlone: false };
const drill = { ...live, live: false };

describe('the ending of a countdown after its undos', () => {
  it.each([
    ['stays rolled-back where the candidate was taken back', 'rolled-back', [live], 'rolled-back'],
    ['is rolled-back where a no-go took a candidate back', 'no-go', [live], 'rolled-back'],
    ['is no-go where the launch never landed and another version was left alone', 'rolled-back', [{ ...live, leftAlone: true }], 'no-go'],
    ['stays no-go where another version was left alone', 'no-go', [{ ...live, leftAlone: true }], 'no-go'],
    ['stays no-go where only a drill was restored', 'no-go', [drill], 'no-go'],
    ['stays aborted whatever was restored', 'aborted', [live], 'aborted'],
    ['is undo-incomplete where one of them was not restored', 'rolled-back', [live, { ...drill, restored: false }], 'undo-incomplete'],
    ['stays launched where nothing was due', 'launched', [], 'launched'],
  ] as const)('%s', (_, ending, reports, expected) => expect(endingAfter(ending, reports, false)).toBe(expected));

  it('stays rolled-back where the launch had been written before somebody else deployed', () =>
    expect(endingAfter('rolled-back', [{ ...live, leftAlone: true }], true)).toBe('rolled-back'));
});

it.each([
  ['undo.done', live],
  ['undo.left-alone', { ...live, leftAlone: true }],
  ['undo.incomplete', { ...live, restored: false }],
])('the audit records %s', (action, report) => expect(auditActionOf(report)).toBe(action));
