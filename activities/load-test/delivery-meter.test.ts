import { deliveryMeter } from './delivery-meter.ts';

const stages = [
  { seconds: 5, ratePerSecond: 300 },
  { seconds: 60, ratePerSecond: 300 },
];

test('reports what is asked and what is delivered, over the last 5 s', () => {
  const live = { iterations: 0, dropped: 0 };
  let nowMs = 0;
  const meter = deliveryMeter(stages, live, () => nowMs);
  meter.tick();
  expect(meter.progress()).toEqual({ text: 'starting k6', done: 0, total: 65, unit: 's' });
  for (nowMs = 1_000, live.iterations = 1; nowMs <= 31_000; nowMs += 500, live.iterations += 149.9) meter.tick();
  expect(meter.progress()).toEqual({ text: '300 iterations/s requested, 299.8 delivered', done: 30, total: 65, unit: 's' });
  live.dropped = 1_200;
  expect(meter.progress().text).toBe('300 iterations/s requested, 299.8 delivered, 1,200 dropped');
});
