import { expect, it } from '@jest/globals';
import { evidenceKinds, recognize } from '../evidence-kinds.ts';

const record = {
  audit: [{ at: '2026-11-24T09:10:00.000Z', actor: 'tminus', action: 'countdown.launched', object: 'go-api-1.4.0', detail: 'it serves' }],
  kind: 'CountdownRecord',
  status: {
    release: 'go-api-1.4.0',
    ending: 'launched',
    message: 'go-api runs sha-91d03ce',
    startedAt: '2026-11-21T09:00:00.000Z',
    endedAt: '2026-11-24T09:10:00.000Z',
    checkpoints: [
      {
        offset: 'T-0',
        name: 'launch',
        state: 'go',
        steps: [{ name: 'guard', state: 'done', findings: [{ outcome: 'pass' }, { outcome: 'fail' }] }],
      },
    ],
  },
};
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

it('is detected by its bytes and shows how the countdown ended, and the findings of each step', () => {
  expect(recognize(bytes(record))).toBe('countdown-record');
  const { findings, facts, tables } = evidenceKinds['countdown-record'].analyze(bytes(record));
  expect(findings).toEqual([]);
  expect(facts[0]).toMatchObject({ subject: 'countdown go-api-1.4.0', text: 'launched: go-api runs sha-91d03ce' });
  expect(tables.map(({ rows }) => rows)).toEqual([
    [['T-0 launch', 'guard', 'done', 2, 1]],
    [['2026-11-24T09:10:00.000Z', 'tminus', 'countdown.launched', 'go-api-1.4.0', 'it serves']],
  ]);
});

it.each(['{"audit":[],"status":', '{"audit":[],"status":{"release":1}}'])('refuses %s as no record', (text) => {
  expect(() => evidenceKinds['countdown-record'].analyze(bytes(text))).toThrow('not a countdown record');
});
