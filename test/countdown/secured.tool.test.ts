// A whole countdown as a company runs it: mutual TLS, an API key that may use one namespace and register none, payloads encrypted.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { temporalGateway } from '../../server/temporal/gateway.ts';
import { registerNamespace } from '../../workers/namespace.ts';
import { securedTemporal, type SecuredTemporal } from '../secured-temporal.ts';
import { person, temporalWorld, type World } from '../temporal-world.ts';
import { report, slow } from './fakes.ts';
import { runCountdown, toLaunch, type Run } from './run-countdown.ts';

jest.setTimeout(240_000);

/** What one namespace allows, and no more. */
const RIGHTS = ['shop:read', 'shop:write', 'shop:worker'];

let temporal: SecuredTemporal;
let world: World;
let payloadKeys: string;
beforeAll(async () => {
  temporal = await securedTemporal();
  const admin = await Connection.connect((await temporal.settings(['temporal-system:admin'])).connection);
  await registerNamespace(admin, 'shop');
  await admin.close();
  const key = (name: string): string => {
    writeFileSync(join(temporal.folder, name), randomBytes(32).toString('base64'));
    return join(temporal.folder, name);
  };
  payloadKeys = `new=${key('new.key')},old=${key('old.key')}`;
  world = await temporalWorld(await temporal.settings(RIGHTS, { TEMPORAL_NAMESPACE: 'shop', TMINUS_PAYLOAD_KEYS: payloadKeys }));
});
afterAll(async () => {
  await world?.close();
  await temporal?.stop();
});

/** Every byte that Temporal stores of the countdown and its steps, as text; base64 of payloads opened as far as it goes. */
async function stored(run: Run): Promise<string> {
  const ids = [run.handle.workflowId];
  const texts: string[] = [];
  for (const id of ids) {
    const history = await world.client.workflow.getHandle(id).fetchHistory();
    for (const { startChildWorkflowExecutionInitiatedEventAttributes: child } of history.events ?? [])
      if (child?.workflowId) ids.push(child.workflowId);
    const json = historyToJSON(history);
    texts.push(
      json,
      ...(json.match(/"data": ?"([A-Za-z0-9+/=]+)"/g) ?? []).map((each) =>
        Buffer.from(each.split('"')[3] ?? '', 'base64').toString('latin1'),
      ),
    );
  }
  return texts.join('\n');
}

/** The encoding that the metadata of a payload name, as histories are printed. */
const ENCRYPTED = Buffer.from('binary/encrypted').toString('base64');

/** What stays readable by design: ids, names of types and queues, search attributes. docs/how-to/run-in-a-company.md lists them. */
const SECRETS = {
  'the image': /registry\.local/,
  'a person': /li\.wei|a\.osei|Li Wei/,
  'a comment': /numbers read|wrong image for the shop/,
  'the limits of a load test': /maxVus|shop-staging/,
  'a finding': /p99 of|LatencyAboveLimit/,
  'the message of a failure': /the database password is hunter2/,
  'the path of a script': /k6\/shop\.js/,
  'a sentence of the status': /runs registry|guard has passed/,
};

describe('a countdown over mutual TLS with encrypted payloads', () => {
  it('launches, and nothing of what it is about is readable in its history', async () => {
    await runCountdown(
      world,
      () => ({}),
      async (run) => {
        await toLaunch(run);
        await run.advance(1);
        await run.until('ended', ({ phase }) => phase === 'ended', 60_000);
        expect(await run.handle.result()).toMatchObject({ ending: 'launched' });
        const text = await stored(run);
        expect(text.includes(ENCRYPTED)).toBe(true);
        for (const [what, secret] of Object.entries(SECRETS)) expect([what, secret.exec(text)?.[0] ?? null]).toEqual([what, null]);
      },
    );
  });

  it('fails a step, is aborted with a reason, and neither the failure nor the reason is readable', async () => {
    const activities = {
      runPreflight: async () => {
        throw ApplicationFailure.nonRetryable('the database password is hunter2', 'Misconfigured');
      },
      runLoadTest: async () => report(slow),
    };
    await runCountdown(
      world,
      () => activities,
      async (run) => {
        await run.advance(0.01);
        const held = await run.until('holding', ({ phase }) => phase === 'holding', 60_000);
        // Who may read it reads it: worker and server have the keys.
        expect(held.message).toContain('the database password is hunter2');
        const gateway = temporalGateway({ client: world.client });
        await gateway.abort({
          action: 'abort',
          countdown: run.handle.workflowId,
          principal: person('li.wei'),
          comment: 'wrong image for the shop',
        });
        const { message } = await run.until('ended', ({ phase }) => phase === 'ended', 60_000);
        expect(message).toContain('wrong image for the shop');
        const listed = (await gateway.list(null)).items.find(({ release }) => run.handle.workflowId.endsWith(release));
        expect(listed).toMatchObject({ rehearsal: false, phase: 'ended' });
        const text = await stored(run);
        for (const [what, secret] of Object.entries(SECRETS)) expect([what, secret.exec(text)?.[0] ?? null]).toEqual([what, null]);
      },
    );
  });

  it('is unreadable to whoever has certificate and API key, but not the key', async () => {
    await runCountdown(
      world,
      () => ({}),
      async (run) => {
        const settings = await temporal.settings(RIGHTS, { TEMPORAL_NAMESPACE: 'shop' });
        const connection = await Connection.connect(settings.connection);
        const gateway = temporalGateway({ client: new Client({ connection, namespace: 'shop' }) });
        await expect(gateway.status(run.handle.workflowId.replace('countdown/', ''))).rejects.toThrow();
        await connection.close();
        const rotated = await temporal.settings(RIGHTS, {
          TEMPORAL_NAMESPACE: 'shop',
          TMINUS_PAYLOAD_KEYS: payloadKeys.split(',').reverse().join(','),
        });
        const other = await Connection.connect(rotated.connection);
        const reading = temporalGateway({
          client: new Client({ connection: other, namespace: 'shop', dataConverter: rotated.encryption! }),
        });
        expect((await reading.status(run.handle.workflowId.replace('countdown/', ''))).release).toMatch(/^r-/);
        await other.close();
      },
    );
  });
});

describe('who may not', () => {
  it('is not let in without a client certificate', async () => {
    const { connection } = await temporal.settings(RIGHTS);
    const tls = connection.tls as object;
    await expect(
      Connection.connect({ ...connection, tls: { ...tls, clientCertPair: undefined as never }, connectTimeout: 3_000 }),
    ).rejects.toThrow();
  });

  it('learns that its key may not use the namespace, with what to do', async () => {
    const connection = await Connection.connect((await temporal.settings(['pay:write'])).connection);
    await expect(registerNamespace(connection, 'shop')).rejects.toMatchObject({ name: 'NamespaceNotReady' });
    await connection.close();
  });
});
