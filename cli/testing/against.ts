// A fake server for one test, and the command line against it.
import { afterEach } from '@jest/globals';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { fakeServer, type Answer, type Answers, type FakeServer } from './fake-server.ts';
import { loadProgress, NAME } from '../../workflows/testing/example-status.ts';
import { tminus, type Ran, type RunOptions } from './tminus-process.ts';

export const PATH = `/api/v1/countdowns/${NAME}`;

const open: FakeServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** A fake server that is closed after the test. */
export async function serving(answers: Answers): Promise<FakeServer> {
  const server = await fakeServer(answers);
  open.push(server);
  return server;
}

/** Runs one command against one fake server. */
export async function against(answers: Answers, argv: string[], options: RunOptions = {}): Promise<Ran & { server: FakeServer }> {
  const server = await serving(answers);
  return { server, ...(await tminus(argv, { server: server.url, ...options })) };
}

export const statusBody = (status: CountdownStatus): Answer => ({
  body: {
    apiVersion: 'tminus.dev/v1alpha1',
    kind: 'ReleaseStatus',
    metadata: { name: NAME, revision: 3 },
    ...status,
    links: { page: 'http://tminus.example/r/go-api-1.4.0' },
  },
});

export const actBody = (message: string): Answer => ({
  body: {
    apiVersion: 'tminus.dev/v1alpha1',
    kind: 'ActionResult',
    metadata: { name: NAME, revision: 3 },
    action: 'approve',
    message,
    phase: 'waiting',
    links: { page: 'p' },
  },
});

/** A server with one countdown in this state. */
export const showing = (status: CountdownStatus): Answers => ({
  [`GET ${PATH}`]: statusBody(status),
  [`GET ${PATH}/progress`]: { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseProgress', items: [loadProgress] } },
});
