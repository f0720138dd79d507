import { beforeAll, expect, test } from '@jest/globals';
import { parserReady } from '../../analysis/postgres/statement.ts';
import { serviceLogOf, type ReadPodLog } from './service-log.ts';

beforeAll(() => parserReady);

const target = { cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' };
const slow = (fields: object) => `${JSON.stringify({ level: 'info', logger: 'postgres', msg: 'Query', ...fields })}\n`;
const scan = (duration: unknown, customer = 'alice') => slow({ sql: `SELECT * FROM orders WHERE customer = '${customer}'`, duration });

const asked: unknown[] = [];
function read(logs: Record<string, string>, readPodLog: ReadPodLog = async (_, pod) => logs[pod] ?? '') {
  const listPods = async () => Object.keys(logs).map((name) => ({ name, ip: '10.0.0.1' }));
  const recording: ReadPodLog = async (...question) => {
    asked.push(question);
    return readPodLog(...question);
  };
  return serviceLogOf(target, { listPods, readPodLog: recording })(new Date(Date.now() - 60_000));
}

test('counts the statements that all pods logged, by their shape', async () => {
  const found = await read({
    'go-api-1': `not json\n${scan(0.2)}${slow({ duration: 3 })}${scan('100ms', 'bob')}`,
    'go-api-2': scan(0.3, 'carol'),
  });
  expect(found).toMatchObject({
    statements: [{ statement: 'SELECT * FROM orders WHERE customer = $1', calls: 3, totalMs: 600, meanMs: 200 }],
    plans: [],
    bounds: [],
  });
});

test('asks each pod for what it wrote since the load began, and for no more than 8 MB of it', async () => {
  asked.length = 0;
  await read({ 'go-api-1': '' });
  expect(asked).toEqual([[target, 'go-api-1', { since: expect.any(Date), limitBytes: 8 * 1024 * 1024 }]]);
});

test('reads a truncated log and reports it', async () => {
  const whole = scan(0.2) + scan(0.2);
  expect(await read({ 'go-api-1': whole.slice(0, -20) })).toMatchObject({
    statements: [{ calls: 1 }],
    bounds: ['1 log is truncated at 8 MB'],
  });
});

test('reports that only some of many pods were read', async () => {
  const logs = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`go-api-${i}`, scan(0.2)]));
  expect(await read(logs)).toMatchObject({ statements: [{ calls: 8 }], bounds: ['from 8 of 11 pods'] });
});

test('reports why there are no statements', async () => {
  expect(await read({ 'go-api-1': 'listening\n' })).toBe('no log line of 1 pod has a statement with its duration');
  // slog counts nanoseconds: read as seconds, a statement would have taken years.
  expect(await read({ 'go-api-1': scan(152_000_000), 'go-api-2': '' })).toBe(
    'no log line of 2 pods has a statement with its duration; 1 lines have a statement with an implausible duration (numbers are read as seconds)',
  );
  const refused: ReadPodLog = () => Promise.reject(new Error('cluster lab: could not get pods/log: forbidden (403)'));
  expect(await read({ 'go-api-1': '' }, refused)).toContain('forbidden (403)');
  expect(await serviceLogOf(target, { listPods: async () => [] })(new Date())).toBe(
    'not read: `podLogs` of cluster lab is off in the environment file',
  );
});
