import { expect, it } from '@jest/globals';
import { whyNotReady, type ContainerStatus, type PodObject } from './not-ready.ts';

type Change = Partial<NonNullable<PodObject['status']>> & { initContainers?: PodObject['spec']['initContainers'] };
const pod = ({ initContainers, ...status }: Change): PodObject => ({
  spec: initContainers ? { initContainers } : {},
  status: { conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }], ...status },
});
const container = (change: Partial<ContainerStatus>): ContainerStatus => ({ name: 'go-api', ready: false, restartCount: 0, ...change });
const waiting = (reason: string, message?: string) => ({ waiting: { reason, ...(message === undefined ? {} : { message }) } });
const running = { running: { startedAt: '2026-11-24T06:00:00Z' } };
const initializing = container({ state: waiting('PodInitializing') });

const UNSCHEDULABLE = '0/3 nodes are available: 3 Insufficient memory.';
const PULL_401 = 'failed to pull and unpack image "registry.example.com/go-api:v2": unexpected status: 401 Unauthorized';

it.each<[string, PodObject, { cause: string; reason: string }]>([
  [
    'no node takes it',
    pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: UNSCHEDULABLE }] }),
    { cause: 'unschedulable', reason: `unschedulable: ${UNSCHEDULABLE}` },
  ],
  [
    'an init container crashes',
    pod({
      initContainers: [{ name: 'migrate' }],
      initContainerStatuses: [
        container({
          name: 'migrate',
          restartCount: 2,
          state: waiting('CrashLoopBackOff', 'back-off 20s restarting failed container=migrate pod=go-api-1'),
          lastState: { terminated: { exitCode: 1, reason: 'Error' } },
        }),
      ],
      containerStatuses: [initializing],
    }),
    { cause: 'crash', reason: 'init container migrate: CrashLoopBackOff (exit code 1), 2 restarts' },
  ],
  [
    'an init container has not ended',
    pod({
      initContainers: [{ name: 'migrate' }],
      initContainerStatuses: [container({ name: 'migrate', state: running })],
      containerStatuses: [initializing],
    }),
    { cause: 'starting', reason: 'init container migrate has not finished yet' },
  ],
  [
    'a native sidecar has not passed its startup probe',
    pod({
      initContainers: [{ name: 'proxy', restartPolicy: 'Always' }],
      initContainerStatuses: [container({ name: 'proxy', started: false, state: running })],
      containerStatuses: [initializing],
    }),
    { cause: 'probe', reason: 'sidecar proxy: running, but its startup probe has not passed' },
  ],
  [
    'a native sidecar is not ready beside a container that is',
    pod({
      initContainers: [{ name: 'proxy', restartPolicy: 'Always' }],
      initContainerStatuses: [container({ name: 'proxy', started: true, state: running })],
      containerStatuses: [container({ ready: true, started: true, state: running })],
    }),
    { cause: 'probe', reason: 'sidecar proxy: running, but its readiness probe fails' },
  ],
  [
    'the readiness probe fails',
    pod({ containerStatuses: [container({ started: true, state: running })] }),
    { cause: 'probe', reason: 'container go-api: running, but its readiness probe fails' },
  ],
  [
    'the startup probe has not passed',
    pod({ containerStatuses: [container({ started: false, restartCount: 1, state: running })] }),
    { cause: 'probe', reason: 'container go-api: running, but its startup probe has not passed, 1 restart' },
  ],
  [
    'it was OOMKilled and waits to start again',
    pod({
      containerStatuses: [
        container({
          restartCount: 3,
          state: waiting('CrashLoopBackOff'),
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
        }),
      ],
    }),
    { cause: 'out of memory', reason: 'container go-api: OOMKilled (exit code 137), 3 restarts' },
  ],
  [
    'it was OOMKilled and runs again',
    pod({
      containerStatuses: [
        container({
          started: true,
          restartCount: 1,
          state: running,
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
        }),
      ],
    }),
    { cause: 'out of memory', reason: 'container go-api: OOMKilled (exit code 137), 1 restart' },
  ],
  [
    'the registry refuses the pull',
    pod({ containerStatuses: [container({ state: waiting('ErrImagePull', PULL_401) })] }),
    { cause: 'image', reason: `container go-api: ErrImagePull: ${PULL_401}` },
  ],
  [
    'the image is not found, of two containers',
    pod({
      containerStatuses: [
        container({ name: 'logs', state: waiting('ContainerCreating') }),
        container({ state: waiting('ImagePullBackOff', 'Back-off pulling image: not found') }),
      ],
    }),
    { cause: 'image', reason: 'container go-api: ImagePullBackOff: Back-off pulling image: not found' },
  ],
  [
    'it crashes',
    pod({
      containerStatuses: [
        container({ restartCount: 4, state: waiting('CrashLoopBackOff'), lastState: { terminated: { exitCode: 2, reason: 'Error' } } }),
      ],
    }),
    { cause: 'crash', reason: 'container go-api: CrashLoopBackOff (exit code 2), 4 restarts' },
  ],
  [
    'it has just ended',
    pod({ containerStatuses: [container({ state: { terminated: { exitCode: 1, reason: 'Error' } } })] }),
    { cause: 'crash', reason: 'container go-api: Error (exit code 1)' },
  ],
  [
    'a Secret is not there',
    pod({ containerStatuses: [container({ state: waiting('CreateContainerConfigError', 'secret "db" not found') })] }),
    { cause: 'configuration', reason: 'container go-api: CreateContainerConfigError: secret "db" not found' },
  ],
  [
    'a readiness gate is closed',
    pod({
      conditions: [
        { type: 'ContainersReady', status: 'True' },
        {
          type: 'Ready',
          status: 'False',
          reason: 'ReadinessGatesNotReady',
          message: 'the status of pod readiness gate "lb" is not "True"',
        },
      ],
      containerStatuses: [container({ ready: true, state: running })],
    }),
    { cause: 'probe', reason: 'readiness gate: the status of pod readiness gate "lb" is not "True"' },
  ],
  ['the node has reported nothing yet', { spec: {} }, { cause: 'starting', reason: 'no container status yet' }],
])('names the reason when %s', (_when, object, expected) => {
  expect(whyNotReady(object)).toEqual(expected);
});

it('gives no reason for a pod that is ready', () => {
  expect(whyNotReady(pod({ conditions: [{ type: 'Ready', status: 'True' }] }))).toBeNull();
});

it('cuts a message that is longer than a line of a finding', () => {
  const long = pod({ containerStatuses: [container({ state: waiting('ErrImagePull', 'x'.repeat(2_000)) })] });
  expect(whyNotReady(long)?.reason.length).toBeLessThan(350);
});
