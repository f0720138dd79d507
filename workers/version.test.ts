import { describe, expect, it } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { becomesCurrent, settleCurrent } from './version.ts';

/** Plays the server's side: versions by the second in which it first saw them, and the current one. */
function fake(firstSeen: Record<string, number>, current: string | null) {
  const state = { current, set: [] as unknown[], described: 0 };
  const workflowService = {
    describeWorkerDeployment: async () => {
      state.described += 1;
      if (Object.keys(firstSeen).length === 0) throw new Error('not found');
      return {
        conflictToken: new Uint8Array([state.described]),
        workerDeploymentInfo: {
          routingConfig: { currentDeploymentVersion: state.current === null ? null : { buildId: state.current } },
          versionSummaries: Object.entries(firstSeen).map(([buildId, seconds]) => ({
            deploymentVersion: { buildId },
            createTime: { seconds, nanos: 0 },
          })),
        },
      };
    },
    setWorkerDeploymentCurrentVersion: async (request: { buildId: string }) => {
      state.set.push(request);
      state.current = request.buildId;
    },
  };
  return { state, firstSeen, client: { options: { namespace: 'tminus' }, workflowService } as unknown as Client };
}

describe('the version that new countdowns start on', () => {
  it('is the first one there is', async () => {
    const { client, state } = fake({ a: 100 }, null);
    expect(await settleCurrent(client, 'a', { always: false })).toBe('a');
    expect(state.set).toMatchObject([{ deploymentName: 'tminus', buildId: 'a', conflictToken: new Uint8Array([1]) }]);
  });

  it('becomes the one that the server saw first later, as at an upgrade', async () => {
    expect(await settleCurrent(fake({ a: 100, b: 200 }, 'a').client, 'b', { always: false })).toBe('b');
  });

  it('stays when a worker of an older version is started again', async () => {
    const { client, state } = fake({ a: 100, b: 200 }, 'b');
    expect(await settleCurrent(client, 'a', { always: false })).toBe('b');
    expect(state.set).toEqual([]);
  });

  it('becomes an older one when that is asked for', async () => {
    expect(await settleCurrent(fake({ a: 100, b: 200 }, 'b').client, 'a', { always: true })).toBe('a');
  });

  it('is settled only once the server knows the version, which its first poll tells', async () => {
    const { client, state, firstSeen } = fake({}, null);
    setTimeout(() => (firstSeen['a'] = 100), 300);
    expect(await settleCurrent(client, 'a', { always: false })).toBe('a');
    expect(state.described).toBeGreaterThan(1);
  });

  it('stays when nobody knows which of two is newer', () => {
    expect(becomesCurrent({ buildId: 'a', firstSeenMs: 2 }, { buildId: 'b', firstSeenMs: null })).toBe(false);
    expect(becomesCurrent({ buildId: 'a', firstSeenMs: 2 }, { buildId: 'b', firstSeenMs: 2 })).toBe(false);
  });
});
