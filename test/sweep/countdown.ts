// The countdown of a run: launch and guard, nothing else, on a Temporal namespace of its own.
import type { CountdownInput } from '../../release/countdown-input.ts';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { paths } from '../../lab/index.ts';
import { loadRelease } from '../../release/load.ts';
import { temporalGateway } from '../../server/temporal/gateway.ts';
import { loadSigner } from '../../server/identity/signing.ts';
import { signedInput } from '../../server/actions/start.ts';
import { countdownId, restorerId } from '../../release/countdown-id.ts';
import { person } from '../temporal-world.ts';
import { NAME, type Service } from './one-pod.ts';

export interface SweptCountdown {
  terminate(): Promise<void>;
  /** How it ended; undefined while it runs. */
  ending(): Promise<string | undefined>;
  /** True once the restorer of this countdown has ended, or where there never was one. */
  restorerHasEnded(): Promise<boolean>;
  close(): Promise<void>;
}

/** The environment file of the lab with the run's own evidence, people and live address. */
export function writeEnvironment(home: string, { url, namespace }: Pick<Service, 'url' | 'namespace'>): string {
  mkdirSync(home, { recursive: true });
  const content = parse(readFileSync(paths().environment, 'utf8'));
  Object.assign(content.spec, {
    targets: { [namespace]: { url } },
    evidence: { folder: join(home, 'evidence') },
    identity: {
      tokens: join(home, 'identity/tokens.yaml'),
      signingKey: join(home, 'identity/signing-key.pem'),
      publicKeys: join(home, 'identity/public-keys'),
    },
  });
  const file = join(home, 'environment.yaml');
  writeFileSync(file, stringify(content));
  return file;
}

/** 10 s of guard see five scrapes. `liveDeadline` is above what a killed worker needs to come back; nothing here is meant to be blind. */
const releaseFile = (name: string, namespace: string, image: string): string => `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: ${name} }
spec:
  service: { name: ${NAME}, namespace: ${namespace}, image: "${image}" }
  cluster: lab
  countdown: 1s
  approvers: { groups: [release-managers] }
  checkpoints:
    - name: launch
      at: T-0
      steps:
        - { type: launch, timeout: 60s, rollbackWithin: 60s, healthWithin: 30s }
        - { type: guard, bake: 10s, interval: 1s, noDataAfter: 30s, liveDeadline: 2m, minRequests: 100, limits: { p99: 1s, errorRate: 1% } }
`;

/** Four workers that start at once keep a small machine's Temporal server from answering for some seconds. A start that was taken is found again. */
const STARTS = 3;

async function startPatiently(gateway: ReturnType<typeof temporalGateway>, input: CountdownInput): Promise<void> {
  for (let left = STARTS - 1; ; left -= 1) {
    try {
      await gateway.start(input);
      return;
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** Starts the release, signed with the key of the run's home. Its worker has to run. */
export async function startCountdown(
  home: string,
  temporalNamespace: string,
  { namespace }: Service,
  image: string,
): Promise<SweptCountdown> {
  const connection = await Connection.connect({ address: paths().temporal });
  const client = new Client({ connection, namespace: temporalNamespace });
  const text = releaseFile(namespace, namespace, image);
  const loaded = loadRelease(text, `${namespace}.yaml`);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ text }) => text).join('\n'));
  const signer = loadSigner({ signingKey: join(home, 'identity/signing-key.pem'), publicKeys: join(home, 'identity/public-keys') });
  const input = {
    release: loaded.release,
    releaseDigest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    scripts: {},
    requestedBy: person('requester', ['developers']),
    rehearsal: false,
  };
  await startPatiently(temporalGateway({ client }), signedInput({ signer, now: Date.now }, input));
  const handle = client.workflow.getHandle(countdownId(namespace));
  const { runId: firstRunId } = await handle.describe();
  const restorer = client.workflow.getHandle(restorerId({ release: namespace, firstRunId }));
  return {
    terminate: async () => void (await handle.terminate('sweep')),
    async ending() {
      if ((await statusOf(handle)) === 'RUNNING') return undefined;
      return ((await handle.result()) as { ending: string }).ending;
    },
    async restorerHasEnded() {
      const status = await statusOf(restorer);
      return status === undefined || status !== 'RUNNING';
    },
    close: () => connection.close(),
  };
}

/** Undefined where there is no such workflow. */
async function statusOf(handle: WorkflowHandle): Promise<string | undefined> {
  try {
    return (await handle.describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
