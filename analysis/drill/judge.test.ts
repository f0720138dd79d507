import { describe, expect, it, test } from '@jest/globals';
import { drillRecord, drillTime } from '../testing/drill.ts';
import { judgeDrill } from './judge.ts';
import { readDrillRecord, type DrillRecord, type RecordedWatch } from './record.ts';

const outcomes = (change: Partial<DrillRecord>): string[] =>
  judgeDrill(drillRecord(change)).findings.map(({ code, outcome }) => `${code} ${outcome}`);
const worst = (change: Partial<DrillRecord>): string[] => outcomes(change).filter((each) => !each.endsWith(' pass'));
const watched = (outcome: RecordedWatch['outcome'], seconds = 80): RecordedWatch => ({
  outcome,
  at: drillTime(seconds),
  message: 'measured',
});

test('a drill in which every link kept its limit passes as a whole', () => {
  expect(outcomes({})).toEqual([
    'DrillSteadyBefore pass',
    'DrillDetected pass',
    'DrillActionEffective pass',
    'DrillRecovered pass',
    'DrillRestored pass',
    'DrillRestored pass',
    'DrillRestoredInTime pass',
    'DrillSteadyAfter pass',
  ]);
  expect(judgeDrill(drillRecord(), ['sha256:1']).findings.every(({ evidence }) => evidence[0] === 'sha256:1')).toBe(true);
});

test('detection is measured from the fault and recovery from the detection', () => {
  const { findings } = judgeDrill(drillRecord());
  expect(findings.find(({ code }) => code === 'DrillDetected')).toMatchObject({
    measured: 12,
    limit: 30,
    unit: 's',
    message: 'order-errors fired in 12 s, limit 30 s',
  });
  expect(findings.find(({ code }) => code === 'DrillRecovered')).toMatchObject({ measured: 14, limit: 60 });
});

describe('each link with its condition inverted', () => {
  it.each<[string, Partial<DrillRecord>, string]>([
    ['not steady before', { before: watched('fired'), provokedAt: null, restored: [] }, 'DrillNotSteady inconclusive'],
    ['no data before', { before: watched('no-data'), provokedAt: null, restored: [] }, 'DrillNotSteady inconclusive'],
    ['detected late', { detected: watched('fired', 100) }, 'DrillDetectedLate fail'],
    ['not detected', { detected: watched('timeout') }, 'DrillNotDetected fail'],
    ['no data to detect it', { detected: watched('no-data') }, 'DrillDetectionUnknown inconclusive'],
    ['detected before the fault by a moved clock', { detected: watched('fired', 50) }, 'DrillDetectionUnknown inconclusive'],
    ['action late', { actions: [{ name: 'a', startedAt: drillTime(74), effectiveAt: drillTime(90), reason: '' }] }, 'DrillActionLate fail'],
    [
      'action refused',
      { actions: [{ name: 'a', startedAt: drillTime(74), effectiveAt: null, reason: 'forbidden' }] },
      'DrillActionFailed fail',
    ],
    ['recovered late', { recovered: watched('cleared', 140) }, 'DrillRecoveredLate fail'],
    ['not recovered', { recovered: watched('timeout') }, 'DrillNotRecovered fail'],
    ['no data to recover', { recovered: watched('no-data') }, 'DrillRecoveryUnknown inconclusive'],
    ['leftover', { restored: [{ name: 'x', restored: false, leftAlone: false, reason: 'forbidden' }] }, 'DrillLeftover fail'],
    ['left alone', { restored: [{ name: 'x', restored: true, leftAlone: true, reason: 'li.wei set it' }] }, 'DrillLeftAlone inconclusive'],
    ['restored late', { restoredAt: drillTime(200) }, 'DrillRestoredLate fail'],
    ['restored in an unknown time', { restoredAt: drillTime(1) }, 'DrillRestoredLate inconclusive'],
    ['not steady after', { after: watched('timeout') }, 'DrillNotSteadyAfter fail'],
    ['fired again after', { after: watched('fired') }, 'DrillNotSteadyAfter fail'],
    ['no data after', { after: watched('no-data') }, 'DrillAfterUnknown inconclusive'],
    ['stopped', { stopped: 'interrupted' }, 'DrillStopped inconclusive'],
  ])('%s', (_, change, expected) => expect(worst(change)).toContain(expected));
});

test('a drill that ends before its fault says nothing about the links after it', () => {
  const { findings } = judgeDrill(
    drillRecord({ before: watched('fired'), provokedAt: null, detected: null, actions: [], recovered: null, restored: [] }),
  );
  expect(findings.map(({ code }) => code)).toEqual(['DrillNotSteady']);
});

test('a drill without a steady state never passes, whatever else was measured', () => {
  expect(worst({ before: null })).toContain('DrillNotSteady inconclusive');
});

test('the timeline has a row per link, without a number where it was not reached', () => {
  const [table] = judgeDrill(drillRecord({ recovered: null })).tables;
  expect(table?.rows.map(([link, , took]) => [link, took])).toEqual([
    ['before', null],
    ['provoke', null],
    ['detect', 12],
    ['act', 0.4],
    ['recover', null],
    ['restore', 1.9],
    ['after', null],
  ]);
});

test('other bytes are refused', () => {
  for (const text of ['', '{}', '[1]', '{"drill":"x"}', '{"drill":'])
    expect(() => readDrillRecord(new TextEncoder().encode(text))).toThrow('not the record of a drill');
  expect(readDrillRecord(new TextEncoder().encode(JSON.stringify(drillRecord())))).toEqual(drillRecord());
});
