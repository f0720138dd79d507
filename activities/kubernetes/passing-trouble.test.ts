import { expect, it } from '@jest/globals';
import { ApiFailure } from './api-failure.ts';
import { deployments } from './client.ts';
import { passingTrouble } from './passing-trouble.ts';

const failure = (status: number, gone = false) =>
  new ApiFailure({ verb: 'get', resource: deployments('shop', 'go-api'), cluster: 'lab', status, detail: 'fake', gone });

it('bears a refusal for a minute, and then throws it', () => {
  let nowMs = 0;
  const trouble = passingTrouble(() => nowMs);
  for (nowMs = 0; nowMs < 60_000; nowMs += 1_000)
    expect(trouble.bear(failure(nowMs % 2_000 === 0 ? 403 : 401)).status).toBeGreaterThan(400);
  const last = failure(403);
  expect(() => trouble.bear(last)).toThrow(last);
});

it('restarts the minute after a successful sample, or a missing response', () => {
  let nowMs = 0;
  const trouble = passingTrouble(() => nowMs);
  trouble.bear(failure(404));
  nowMs = 50_000;
  trouble.over();
  trouble.bear(failure(404));
  nowMs = 100_000;
  trouble.bear(failure(503));
  trouble.bear(failure(404));
  nowMs = 150_000;
  expect(trouble.bear(failure(404)).status).toBe(404);
});

it('tolerates a missing response and a failing server for any time', () => {
  let nowMs = 0;
  const trouble = passingTrouble(() => nowMs);
  for (const status of [0, 500, 429]) {
    nowMs += 600_000;
    expect(trouble.bear(failure(status)).status).toBe(status);
  }
  expect(trouble.refusal()).toBeNull();
});

it('throws other errors and objects that are gone at once', () => {
  const trouble = passingTrouble();
  expect(() => trouble.bear(new RangeError('a bug'))).toThrow('a bug');
  expect(() => trouble.bear(failure(404, true))).toThrow('not found (404)');
});

it('keeps the refusal that stands when the watch is over', () => {
  const trouble = passingTrouble();
  trouble.bear(failure(403));
  expect(trouble.refusal()).toMatchObject({ status: 403 });
  trouble.over();
  expect(trouble.refusal()).toBeNull();
});
