import { describe, expect, it } from '@jest/globals';
import type { Connection } from '@temporalio/client';
import { registerNamespace } from './namespace.ts';

const fail = (code: number, message = 'no') => Object.assign(new Error(message), { code });
const [INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, UNIMPLEMENTED] = [3, 5, 6, 7, 12];
const ALL = ['TminusRelease', 'TminusService', 'TminusPhase', 'TminusVerdict', 'TminusEnding', 'TminusLaunchAt', 'TminusNextCheckpointAt'];

/** A Temporal with or without the namespace and its attributes; what is in `denied` answers with that code. */
function fake({
  there = true,
  attributes = ALL,
  denied = {},
}: {
  there?: boolean;
  attributes?: string[];
  denied?: Record<string, number>;
}) {
  const calls: string[] = [];
  const call =
    <T>(name: string, answer: (request: Record<string, unknown>) => T) =>
    async (request: Record<string, unknown>): Promise<T> => {
      calls.push(name);
      const code = denied[name];
      if (code !== undefined) throw fail(code);
      return answer(request);
    };
  const connection = {
    workflowService: {
      describeNamespace: call('describe', () => {
        if (!there) throw fail(NOT_FOUND);
        return {};
      }),
      registerNamespace: call('register', () => {
        if (there) throw fail(ALREADY_EXISTS);
        return {};
      }),
      listOpenWorkflowExecutions: call('use', () => ({})),
      countWorkflowExecutions: call('count', ({ query }) => {
        if (!attributes.some((name) => String(query).startsWith(name))) throw fail(INVALID_ARGUMENT);
        return {};
      }),
    },
    operatorService: {
      listSearchAttributes: call('list', () => ({ customAttributes: Object.fromEntries(attributes.map((name) => [name, 2])) })),
      addSearchAttributes: call('add', () => ({})),
    },
  };
  return { calls, connection: connection as unknown as Connection };
}

describe('a namespace that others own', () => {
  it('is used as it is where nothing is missing: nothing is registered', async () => {
    const { connection, calls } = fake({ denied: { register: PERMISSION_DENIED, add: PERMISSION_DENIED } });
    await registerNamespace(connection, 'shop');
    expect(calls).toEqual(['describe', 'use', 'list']);
  });

  it('is used where neither registering nor asking for it and its attributes is allowed, as in a cloud', async () => {
    const { connection, calls } = fake({
      denied: { describe: PERMISSION_DENIED, register: PERMISSION_DENIED, list: UNIMPLEMENTED, add: UNIMPLEMENTED },
    });
    await registerNamespace(connection, 'shop');
    expect(calls.filter((name) => name === 'count')).toHaveLength(ALL.length);
    expect(calls).not.toContain('add');
  });

  it.each([PERMISSION_DENIED, UNIMPLEMENTED])(
    'names the attributes that it lacks where adding them is forbidden (code %i)',
    async (code) => {
      const { connection } = fake({ attributes: ALL.slice(0, 5), denied: { list: code, add: code } });
      await expect(registerNamespace(connection, 'shop')).rejects.toMatchObject({
        name: 'NamespaceNotReady',
        message: expect.stringContaining('TminusLaunchAt (Datetime), TminusNextCheckpointAt (Datetime)'),
      });
    },
  );

  it('says that it is not there and may not be registered', async () => {
    const { connection } = fake({ there: false, denied: { register: PERMISSION_DENIED } });
    await expect(registerNamespace(connection, 'shop')).rejects.toMatchObject({
      name: 'NamespaceNotReady',
      message: expect.stringContaining('there is no Temporal namespace shop, and registering one is forbidden here'),
    });
  });

  it('says at once that it may not be used, and does not try for half a minute', async () => {
    const { connection } = fake({ denied: { use: PERMISSION_DENIED } });
    const began = Date.now();
    await expect(registerNamespace(connection, 'shop')).rejects.toMatchObject({ name: 'NamespaceNotReady' });
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

describe('a namespace of our own', () => {
  it('is registered with its attributes', async () => {
    const { connection, calls } = fake({ there: false, attributes: [] });
    await registerNamespace(connection, 'shop');
    expect(calls).toEqual(['describe', 'register', 'use', 'list', 'add']);
  });

  it('is taken as it is when another worker registered it a moment before', async () => {
    const { connection } = fake({ there: false, denied: { register: ALREADY_EXISTS } });
    await registerNamespace(connection, 'shop');
  });

  it('ends the worker with whatever else Temporal refuses', async () => {
    const { connection } = fake({ denied: { describe: 13 } });
    await expect(registerNamespace(connection, 'shop')).rejects.toMatchObject({ code: 13 });
  });
});
