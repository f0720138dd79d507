import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { loadRelease } from '../release/load.ts';
import type { CountdownStatus } from '../verdict/countdown-status.ts';
import { launchedEnd, NAME, waiting } from '../workflows/testing/example-status.ts';
import { drillOnly } from './drill-only.ts';
import { actBody, against, PATH, statusBody } from './testing/against.ts';
import type { Answers } from './testing/fake-server.ts';
import { tminus } from './testing/tminus-process.ts';

const drill = (name: string): string =>
  `{ type: drill, name: ${name}, trigger: order-errors, fault: { type: service, settings: { pricing-errors: "100" } } }`;
const file = (steps: string): string => `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: go-api-1.4.0 }
spec:
  service: { name: go-api, namespace: shop, image: "registry.local/go-api:sha-91d03ce" }
  cluster: lab
  launchAt: 2026-11-25T09:00:00Z
  approvers: { groups: [release-managers] }
  contingency:
    triggers: [{ name: order-errors, type: metrics, minRate: 100, maxErrorRate: 1% }]
    actions: [{ name: pricing-off, type: switch, switch: pricing, value: false }]
  checkpoints:
    - { name: before, at: T-48h, steps: [${steps}] }
    - { name: poll, at: T-1h, approval: {} }
    - { name: launch, at: T-0, steps: [{ type: launch }, { type: guard }] }
`;

function releaseOf(text: string) {
  const loaded = loadRelease(text, 'r.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.map(({ text: problem }) => problem).join('\n'));
  return loaded.release;
}
const only = (steps: string, step?: string) => releaseOf(drillOnly(file(steps), releaseOf(file(steps)), step));

test('the release of one drill has the same drill and nothing else, at once', () => {
  const release = only(`{ type: preflight }, ${drill('pricing')}`);
  expect(release.metadata.name).toBe('go-api-1.4.0-pricing');
  expect(release.spec).toMatchObject({ countdownMs: 1_000, service: { image: 'registry.local/go-api:sha-91d03ce' } });
  expect(release.spec.checkpoints.map(({ at, steps }) => [at, steps])).toEqual([
    ['T-0', [expect.objectContaining({ type: 'drill', name: 'pricing', actions: [expect.objectContaining({ name: 'pricing-off' })] })]],
  ]);
});

test('one of several drills is chosen by its name', () => {
  expect(only(`${drill('a')}, ${drill('b')}`, 'b').metadata.name).toBe('go-api-1.4.0-b');
  expect(() => only(`${drill('a')}, ${drill('b')}`)).toThrow('go-api-1.4.0 has 2 drills');
  expect(() => only(`${drill('a')}, ${drill('b')}`, 'c')).toThrow('go-api-1.4.0 has no drill c');
});

const folder = mkdtempSync(join(tmpdir(), 'tminus-drill-'));
const write = (text: string): string => {
  const path = join(folder, 'release.yaml');
  writeFileSync(path, text);
  return path;
};
const answers = (...statuses: CountdownStatus[]): Answers => ({
  'POST /api/v1/countdowns': {
    status: 201,
    body: {
      apiVersion: 'tminus.dev/v1alpha1',
      kind: 'ReleasePlan',
      metadata: { name: NAME },
      started: 'started',
      launchAt: waiting.launchAt,
      checkpoints: [],
      links: { page: 'p' },
    },
  },
  [`POST ${PATH}/actions`]: actBody('counted'),
  [`GET ${PATH}`]: (_, times) => statusBody(statuses[Math.min(times, statuses.length) - 1] ?? waiting),
});

describe('tminus drill', () => {
  it('refuses a release without a drill before it asks the server', async () => {
    const { code, stderr } = await tminus(['drill', write(file('{ type: preflight }'))], { server: 'http://127.0.0.1:9' });
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'go-api-1.4.0 has no drill step\n  add one: docs/how-to/drill.md\n' });
  });

  it('starts the drill alone, follows it to its end and exits 0 when it passed', async () => {
    const passed: CountdownStatus = { ...launchedEnd, ending: 'passed' };
    const { code, server } = await against(answers({ ...waiting, phase: 'running' }, passed), ['drill', write(file(drill('pricing')))]);
    expect(code).toBe(0);
    const [start] = server.asked.map(({ body }) => body as { file: string });
    expect(releaseOf(start?.file ?? '').metadata.name).toBe('go-api-1.4.0-pricing');
  });

  it('aborts a drill that did not pass, once, and exits 3', async () => {
    const stopped: CountdownStatus = { ...waiting, phase: 'stopped' };
    const aborted: CountdownStatus = { ...launchedEnd, ending: 'aborted' };
    const { code, server } = await against(answers(stopped, stopped, aborted), ['drill', write(file(drill('pricing')))]);
    expect(code).toBe(3);
    expect(server.asked.filter(({ path }) => path.endsWith('/actions')).map(({ body }) => body)).toEqual([
      expect.objectContaining({ action: 'abort', comment: 'the drill did not pass' }),
    ]);
  });

  it('leaves a hold of a person alone', async () => {
    const held: CountdownStatus = { ...waiting, phase: 'holding', holds: [{ since: waiting.now, by: 'Li Wei', reason: 'look' }] };
    const { server } = await against(answers(held, held, { ...launchedEnd, ending: 'passed' }), ['drill', write(file(drill('pricing')))]);
    expect(server.asked.filter(({ path }) => path.endsWith('/actions'))).toEqual([]);
  });
});
