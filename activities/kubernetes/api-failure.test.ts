import { describe, expect, it } from '@jest/globals';
import { ApiFailure, toApplicationFailure } from './api-failure.ts';
import { deployments } from './client.ts';

const failure = (status: number) =>
  toApplicationFailure(new ApiFailure({ verb: 'patch', resource: deployments('shop', 'go-api'), cluster: 'prod', status, detail: 'no' }));

describe('a refusal of the API server', () => {
  it.each([400, 405, 413, 415, 422])('%i ends an undo: the request itself is wrong', (status) => {
    expect(failure(status)).toMatchObject({ type: 'Refused', nonRetryable: true });
  });

  it.each([402, 406, 408, 410, 421, 425, 429, 431, 451, 401, 403, 404, 409])('%i may pass, so an undo is tried again', (status) => {
    const { type, nonRetryable } = failure(status) as { type: string; nonRetryable: boolean };
    expect([type === 'Refused', nonRetryable]).toEqual([false, false]);
  });

  it('408 of a proxy leaves open whether the write landed', () => {
    expect(
      new ApiFailure({ verb: 'patch', resource: deployments('shop', 'go-api'), cluster: 'prod', status: 408, detail: 'slow' })
        .outcomeUnknown,
    ).toBe(true);
  });
});
