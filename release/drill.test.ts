import { describe, expect, test } from '@jest/globals';
import { loadRelease } from './load.ts';
import type { DrillStep } from './steps/registry.ts';

const file = (step: string, contingency = PLAN): string => `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: r }
spec:
  service: { name: go-api, namespace: shop, image: "registry.local/go-api:sha-91d03ce" }
  cluster: lab
  countdown: 72h
  load: { script: k6/shop.js, target: shop-staging }
  approvers: { groups: [release-managers] }
${contingency}
  checkpoints:
    - { name: drill, at: T-48h, steps: [${step}] }
    - { name: poll, at: T-1h, approval: {} }
    - { name: launch, at: T-0, steps: [{ type: launch }, { type: guard }] }
`;
const PLAN = `  contingency:
    triggers: [{ name: order-errors, type: metrics, minRate: 100, maxErrorRate: 1% }]
    actions: [{ name: pricing-off, type: switch, switch: pricing, value: false }]`;
const FAULT = 'fault: { type: service, settings: { pricing-errors: "100" } }';

function drillOf(step: string): DrillStep {
  const loaded = loadRelease(file(step), 'r.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message, hint }) => `${message}; ${hint}`).join('\n'));
  return loaded.release.spec.checkpoints[0]?.steps[0] as DrillStep;
}

const problems = (step: string, contingency?: string): string[] => {
  const loaded = loadRelease(file(step, contingency), 'r.yaml');
  return loaded.ok ? [] : loaded.problems.map(({ message, hint }) => `${message}; ${hint}`);
};

test('a drill contains its trigger, fault and actions, with times in milliseconds', () => {
  expect(drillOf(`{ type: drill, trigger: order-errors, ${FAULT} }`)).toMatchObject({
    type: 'drill',
    name: 'drill',
    trigger: { name: 'order-errors', type: 'metrics' },
    actions: [{ name: 'pricing-off', type: 'switch', value: false }],
    load: null,
    limits: { detectMs: 30_000, actMs: 10_000, recoverMs: 60_000, restoreMs: 90_000 },
    steadyMs: 60_000,
    maxDurationMs: 600_000,
  });
});

test('its load has a constant rate for as long as the drill may last', () => {
  const { load } = drillOf(`{ type: drill, trigger: order-errors, ${FAULT}, load: { rate: 300 }, maxDuration: 5m }`);
  expect(load).toMatchObject({
    script: 'k6/shop.js',
    target: 'shop-staging',
    stages: [
      { seconds: 1, ratePerSecond: 300 },
      { seconds: 300, ratePerSecond: 300 },
    ],
  });
});

describe('is refused', () => {
  test.each([
    [
      'an unknown trigger',
      `{ type: drill, trigger: order-eror, ${FAULT} }`,
      undefined,
      'no trigger "order-eror"; did you mean "order-errors"?',
    ],
    ['an unknown action', `{ type: drill, trigger: order-errors, ${FAULT}, actions: [x] }`, undefined, 'no action "x"; it has pricing-off'],
    ['no emergency plan', `{ type: drill, trigger: order-errors, ${FAULT} }`, '', 'the release has no emergency action to drill'],
    ['no fault', '{ type: drill, trigger: order-errors }', undefined, '"fault" is missing'],
  ])('with %s', (_, step, contingency, message) => expect(problems(step, contingency).join('\n')).toContain(message));

  test('in production', () => {
    const live = (staging: string) =>
      loadRelease(
        file(`{ type: drill, trigger: order-errors, ${FAULT} }`).replace('  cluster: lab\n', `  cluster: lab\n  staging: ${staging}\n`),
        'r.yaml',
      );
    for (const staging of ['{ namespace: shop }', '{ cluster: lab, namespace: shop, deployment: go-api, container: other }']) {
      const loaded = live(staging);
      expect(loaded.ok ? '' : loaded.problems.map(({ message }) => message).join('\n')).toContain('this drill would break production');
    }
    for (const staging of ['{}', '{ cluster: other, namespace: shop }', '{ namespace: shop, deployment: go-api-candidate }'])
      expect(live(staging).ok).toBe(true);
  });

  test.each([
    ['an action twice', 'actions: [recommendations-off, recommendations-off]'],
    ['two actions on the same switch', 'actions: [recommendations-off, recommendations-on]'],
    ['two variables of the same Deployment', 'actions: [orders-queued, cache-off]'],
    ['two variables by default', ''],
  ])('with %s, of which only one could be restored', (_, actions) => {
    const plan = `  contingency:
    triggers: [{ name: order-errors, type: metrics, minRate: 100, maxErrorRate: 1% }]
    actions:
      - { name: recommendations-off, type: switch, switch: recommendations, value: false }
      - { name: orders-queued, type: environment, variable: ORDERS_MODE, value: queue }
      - { name: recommendations-on, type: switch, switch: recommendations, value: true }
      - { name: cache-off, type: environment, variable: CACHE, value: "off" }`;
    const step = ['type: drill', 'trigger: order-errors', FAULT, ...(actions === '' ? [] : [actions])].join(', ');
    expect(problems(`{ ${step} }`, plan).join('\n')).toContain('changes the same as action');
  });

  test('after the launch', () => {
    const moved = file('{ type: preflight }').replace(
      '{ type: guard }',
      `{ type: guard }, { type: drill, trigger: order-errors, ${FAULT} }`,
    );
    const loaded = loadRelease(moved, 'r.yaml');
    expect(loaded.ok ? '' : loaded.problems.map(({ message, hint }) => `${message}; ${hint}`).join('\n')).toContain(
      'this drill comes after the launch',
    );
  });

  test.each([
    [
      'that ends while it waits',
      'maxDuration: 2m',
      'the drill would end by itself while it waits; make maxDuration at least twice detect and recover together, 180s',
    ],
    ['longer than a day', 'maxDuration: 25h', 'the fault would last longer than a day; make maxDuration at most 24h'],
    ['with a restore of hours', 'limits: { restore: 2h }', 'this limit is longer than an hour'],
  ])('%s', (_, field, message) =>
    expect(problems(`{ type: drill, trigger: order-errors, ${FAULT}, ${field} }`).join('\n')).toContain(message),
  );
});
