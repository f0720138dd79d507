import type { LoadTestStep } from '../../release/steps/registry.ts';
import { deliveryMeter } from './delivery-meter.ts';
import { planOf } from './step-plan.ts';

const step: LoadTestStep = {
  type: 'loadTest',
  name: 'load-test',
  script: 'k6/shop.js',
  target: 'shop-staging',
  stages: [
    { duration: '5s', rate: 300 },
    { duration: '1m', rate: 300 },
  ],
  maxVus: 400,
  limits: { p99: '300ms', errorRate: '0.1%', delivered: '95%', endpoints: { 'GET /a': { p99: '1.5s' }, 'GET /b': { errorRate: '2%' } } },
  sampleEvery: '5s',
  profiles: 'on-breach',
  cpuProfile: '10s',
};

test('reads a step in seconds, milliseconds and percent', () => {
  expect(planOf(step)).toEqual({
    stages: [
      { seconds: 5, ratePerSecond: 300 },
      { seconds: 60, ratePerSecond: 300 },
    ],
    limits: {
      p99Ms: 300,
      errorPercent: 0.1,
      deliveredPercent: 95,
      endpoints: { 'GET /a': { p99Ms: 1_500 }, 'GET /b': { errorPercent: 2 } },
    },
  });
});

test('tells people what is asked and what comes, over the last 5 s', () => {
  const live = { iterations: 0, dropped: 0 };
  let nowMs = 0;
  const meter = deliveryMeter(planOf(step).stages, live, () => nowMs);
  meter.tick();
  expect(meter.progress()).toEqual({ text: 'k6 starts', done: 0, total: 65, unit: 's' });
  for (nowMs = 1_000, live.iterations = 1; nowMs <= 31_000; nowMs += 500, live.iterations += 149.9) meter.tick();
  expect(meter.progress()).toEqual({ text: '300 iterations/s asked, 299.8 delivered', done: 30, total: 65, unit: 's' });
  live.dropped = 1_200;
  expect(meter.progress().text).toBe('300 iterations/s asked, 299.8 delivered, 1,200 dropped');
});
