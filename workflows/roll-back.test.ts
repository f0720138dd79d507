import { describe, expect, it } from '@jest/globals';
import { applyChange } from './change.ts';
import { current } from './countdown-state.ts';
import { auditActionOf, changeByUndo, endingAfter } from './roll-back.ts';
import { NOW_MS, at, finding, frozenCopy, stateOfTest, undoEntry } from './testing/state.ts';

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

describe('the reports of the undos', () => {
  const report = (name: string, restored: boolean) => {
    const findings = [finding({ outcome: restored ? 'pass' : 'fail', subject: name })];
    return { ...live, id: name, name, restored, findings, facts: [], evidence: [] };
  };
  const afterUndo = (...reports: ReturnType<typeof report>[]) => {
    const state = stateOfTest();
    at(state, 'launch');
    Object.assign(state, { undo: [undoEntry()], decidedEnding: 'no-go', message: 'p99 is too high' });
    applyChange(state, changeByUndo(frozenCopy(state), reports, NOW_MS));
    return state;
  };

  it('are shown as steps of the checkpoint, which is judged with them, and nothing stands any more', () => {
    const state = afterUndo(report('a', true), report('b', true));
    expect(current(state).steps.map(({ name }) => name)).toEqual(['launch', 'guard', 'rollback', 'rollback-2']);
    expect(current(state).steps[2]).toMatchObject({ type: 'rollback', state: 'done', finishedAt: new Date(NOW_MS).toISOString() });
    expect(current(state).evaluation).toMatchObject({ passed: 2 });
    expect(state).toMatchObject({ undo: [], decidedEnding: 'rolled-back', message: 'p99 is too high' });
  });

  it('name what was not restored', () =>
    expect(afterUndo(report('a', true), report('b', false), report('c', false))).toMatchObject({
      decidedEnding: 'undo-incomplete',
      message: 'b, c: not restored; manual action is required now. p99 is too high',
    }));
});
