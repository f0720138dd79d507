// A live switch on every pod: it lands once, goes back once, and touches nothing of anybody else, whatever breaks in between.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UndoEntry } from '../../verdict/undo.ts';
import { operationOf } from './effect.ts';
import { POD_TIME_MS } from '../testing/fake-admin.ts';
import type { Fate } from '../testing/fake-admin-pods.ts';
import { countdown, drillWorld, TTL_MS, type DrillWorld } from '../testing/one-drill.ts';
import { countdownOf } from '../testing/one-effect.ts';
import type { SwitchBefore } from './switch-before.ts';

let world: DrillWorld;
beforeEach(async () => {
  world = await drillWorld('service-switch');
});
afterEach(() => world.pods.close());

const PATH = '/admin/switches/pricing';
const state = (ip: string) => world.pods.process(ip).handle('GET', PATH, '').json;
const values = () => world.pods.addresses.map((ip) => state(ip)['value']);
const sources = () => world.pods.addresses.map((ip) => state(ip)['source']);
const byHand = (ip: string, body: object) => world.pods.process(ip).handle('PUT', PATH, JSON.stringify({ who: 'li.wei', ...body }));
const changes = (result: string) => world.pods.audit().filter((line) => line.result === result);

async function applied(): Promise<UndoEntry> {
  const entry = await world.captured('service-switch');
  await world.apply(entry);
  return entry;
}

describe('a switch', () => {
  it('is recorded without a change, set on every pod with a TTL, and absent again after the restore', async () => {
    const entry = await world.captured('service-switch');
    expect(entry.name).toBe('shop/go-api/switch/pricing back to true');
    expect((entry.before as SwitchBefore).pods.map(({ source, flag }) => ({ source, flag }))).toEqual(
      Array.from({ length: 3 }, () => ({ source: 'default', flag: null })),
    );
    expect(world.pods.audit()).toEqual([]);
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: true });
    expect(values()).toEqual([false, false, false]);
    for (const ip of world.pods.addresses) {
      expect(state(ip)).toMatchObject({ who: `tminus ${countdown.workflowId}/run-1`, operation: entry.id });
      expect(state(ip)['until']).toBe(new Date(POD_TIME_MS + TTL_MS).toISOString());
    }
    const proof = await world.restored(entry);
    expect(proof).toMatchObject({ restored: true, leftAlone: false, findings: [{ code: 'ChangeRestored', outcome: 'pass' }] });
    expect(proof.findings[0]?.message).toBe('shop/go-api/switch/pricing back to true: restored, read back on 3 pods');
    expect([values(), sources()]).toEqual([
      [true, true, true],
      ['default', 'default', 'default'],
    ]);
  });

  it('is set and restored once, however often it is asked for', async () => {
    const entry = await applied();
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: false });
    await world.restore(entry);
    await expect(world.restore(entry)).resolves.toMatchObject({ wrote: false });
    expect(
      changes('changed')
        .map(({ operation }) => operation)
        .sort(),
    ).toEqual([...Array.from({ length: 3 }, () => entry.id), ...Array.from({ length: 3 }, () => `${entry.id}#restore`)]);
  });

  it('is not set again after its restore by a delayed try', async () => {
    const entry = await applied();
    await world.restore(entry);
    await expect(world.apply(entry)).rejects.toMatchObject({
      type: 'PreconditionChanged',
      message: expect.stringContaining('has ended since'),
    });
    expect(values()).toEqual([true, true, true]);
  });

  it('is restored before it was ever set: nothing is written', async () => {
    const entry = await world.captured('service-switch');
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
    expect(world.pods.audit()).toEqual([]);
  });

  it('reaches a pod that starts after the first change, and the proof reads it too', async () => {
    const late = await world.pods.start();
    world.pods.addresses.pop();
    const entry = await world.captured('service-switch');
    world.pods.changed = () => {
      if (!world.pods.addresses.includes(late)) world.pods.addresses.push(late);
    };
    await world.apply(entry);
    expect(values()).toEqual([false, false, false, false]);
    const proof = await world.restored(entry);
    expect(proof.facts[0]?.values).toEqual({ pods: 4 });
    expect(values()).toEqual([true, true, true, true]);
  });

  it('needs nothing of pods that have gone away, were restarted, or are not ready and have no process', async () => {
    const entry = await applied();
    const [first = '', second = '', third = ''] = world.pods.addresses;
    await world.pods.remove(first);
    await world.pods.restart(second);
    await world.pods.kill(third);
    world.pods.notReady.add(third);
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
    expect(changes('changed').filter(({ operation }) => operation.endsWith('#restore'))).toEqual([]);
  });

  it('is retried while a ready pod does not answer', async () => {
    const entry = await applied();
    const [first = ''] = world.pods.addresses;
    await world.pods.kill(first);
    await expect(world.restore(entry)).rejects.toMatchObject({ type: 'Unreachable', nonRetryable: false });
    // The others were restored meanwhile.
    expect(sources().slice(1)).toEqual(['default', 'default']);
  });

  it('ends by itself where nobody is left to restore it', async () => {
    await applied();
    for (const ip of world.pods.addresses) world.pods.process(ip).nowMs += TTL_MS;
    expect([values(), sources()]).toEqual([
      [true, true, true],
      ['default', 'default', 'default'],
    ]);
  });

  it('is restored in pods that were orphaned when their Deployment was removed', async () => {
    const entry = await applied();
    world.api.orphan();
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true });
    expect(values()).toEqual([true, true, true]);
  });
});

describe('a request that breaks', () => {
  const once = (fate: Fate, at: number): void => {
    let seen = 0;
    world.pods.fate = () => ((seen += 1) === at ? fate : 'answered');
  };
  /** As Temporal does. */
  const retried = async (work: () => Promise<unknown>): Promise<void> => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const failure = await work().then(
        () => null,
        (error: { nonRetryable?: boolean }) => error,
      );
      if (failure === null) return;
      expect(failure).toMatchObject({ nonRetryable: false });
    }
    throw new Error('five attempts failed');
  };

  // Each pod has a read, a write and a read-back: nine requests, and one more has no fate.
  it.each((['lost', 'never-arrives', 'broken'] as const).flatMap((fate) => Array.from({ length: 9 }, (_, at) => [fate, at + 1] as const)))(
    'lands once and is restored once: %s, request %i of both',
    async (fate, at) => {
      const entry = await world.captured('service-switch');
      once(fate, at);
      await retried(() => world.apply(entry));
      expect(values()).toEqual([false, false, false]);
      once(fate, at);
      await retried(() => world.restore(entry));
      world.pods.fate = () => 'answered';
      await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
      expect(changes('changed')).toHaveLength(6);
      expect(changes('refused')).toEqual([]);
    },
  );
});

describe('what somebody else sets', () => {
  it('before the drill is set again after it, for the rest of its time', async () => {
    const [first = ''] = world.pods.addresses;
    byHand(first, { value: true, ttl: '1h', operation: 'by-hand' });
    const entry = await applied();
    expect(state(first)).toMatchObject({ value: false, operation: entry.id });
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
    expect(state(first)).toMatchObject({ value: true, source: 'api', who: 'li.wei' });
    const leftMs = Date.parse(String(state(first)['until'])) - POD_TIME_MS;
    expect(leftMs).toBeGreaterThan(3_000_000);
    expect(leftMs).toBeLessThanOrEqual(3_600_000);
    expect(sources().slice(1)).toEqual(['default', 'default']);
  });

  it.each([true, false])('after the drill is left alone and reported: %s', async (value) => {
    const entry = await applied();
    const [first = ''] = world.pods.addresses;
    byHand(first, { value });
    const proof = await world.restored(entry);
    expect(proof).toMatchObject({ restored: true, findings: [{ code: 'ChangeLeftAlone', outcome: 'inconclusive' }] });
    expect(proof.findings[0]?.message).toContain(
      `left alone on 1 of 3 pods, because somebody else changed it since: go-api-${first} is ${value} by li.wei`,
    );
    expect(state(first)).toMatchObject({ value, who: 'li.wei' });
    expect(sources().slice(1)).toEqual(['default', 'default']);
  });

  it('between the read and the write of the restore is not overwritten, though it has the same value', async () => {
    const entry = await applied();
    const [first = ''] = world.pods.addresses;
    let isChanged = false;
    world.pods.fate = (method, ip) => {
      if (method === 'PUT' && ip === first && !isChanged) {
        isChanged = true;
        byHand(first, { value: false });
      }
      return 'answered';
    };
    await expect(world.restored(entry)).resolves.toMatchObject({ leftAlone: true });
    expect(state(first)).toMatchObject({ value: false, who: 'li.wei' });
  });

  it('between the read and the write of the change is not overwritten', async () => {
    const entry = await world.captured('service-switch');
    const [first = ''] = world.pods.addresses;
    let isChanged = false;
    world.pods.fate = (method, ip) => {
      if (method === 'PUT' && ip === first && !isChanged) {
        isChanged = true;
        byHand(first, { value: false });
      }
      return 'answered';
    };
    await expect(world.apply(entry)).rejects.toMatchObject({ type: 'PreconditionChanged', nonRetryable: true });
    expect(state(first)).toMatchObject({ value: false, who: 'li.wei' });
  });

  it.each([
    ['another value', { value: false }],
    ['the same value', { value: true }],
  ])('between record and change is not overwritten: %s', async (_, body) => {
    const entry = await world.captured('service-switch');
    byHand(world.pods.addresses[1] ?? '', body);
    await expect(world.apply(entry)).rejects.toMatchObject({
      type: 'PreconditionChanged',
      nonRetryable: true,
      message: expect.stringContaining('was changed since it was recorded as true'),
    });
    await expect(world.restored(entry)).resolves.toMatchObject({ leftAlone: true });
  });
});

describe('a capture is refused', () => {
  const refused = (type: string, message: RegExp, of = countdown) =>
    expect(world.captured('service-switch', of)).rejects.toMatchObject({
      type,
      nonRetryable: true,
      message: expect.stringMatching(message),
    });

  it('where the pods differ', async () => {
    byHand(world.pods.addresses[0] ?? '', { value: false });
    await refused('NotReady', /differs between the pods of shop\/go-api: .* false \(api\).* set it equally first/);
  });

  it('where an earlier drill was not restored', async () => {
    await applied();
    await refused('OperationOpen', /is set by countdown\/go-api-1\.4\.0\/run-1.*tminus leftovers/, countdownOf('run-2'));
  });

  it('during a rollout', async () => {
    const { deployment } = world.api;
    if (deployment?.status) deployment.status.readyReplicas = 2;
    await refused('NotReady', /2 of 3 replicas are ready/);
  });

  it('for another target than the settings name', async () => {
    const target = { cluster: 'lab', key: 'shop/go-api/switch/payment' };
    const settings = { deployment: { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' }, switch: 'pricing' };
    await expect(world.acts.captureEffect({ kind: 'service-switch', target, generation: 1, countdown, settings })).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('the target is lab/shop/go-api/switch/payment'),
    });
    await expect(
      world.acts.captureEffect({ kind: 'service-switch', target, generation: 1, countdown, settings: { ...settings, until: 1 } }),
    ).rejects.toMatchObject({ type: 'Refused', message: expect.stringContaining('settings') });
  });

  it('for a switch that the service does not have', async () => {
    const settings = { deployment: { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' }, switch: 'pricng' };
    const target = { cluster: 'lab', key: 'shop/go-api/switch/pricng' };
    await expect(world.acts.captureEffect({ kind: 'service-switch', target, generation: 1, countdown, settings })).rejects.toMatchObject({
      type: 'Refused',
      nonRetryable: true,
      message: expect.stringContaining('has no switch pricng at /admin/switches/pricng'),
    });
  });
});

it('shows the requests of a restore for a person', async () => {
  const entry = await applied();
  const preview = await world.effects['service-switch'].preview(operationOf(entry, countdown), entry.before);
  expect(preview).toMatchObject({ runsNow: 'switch pricing: false (api)', goesBackTo: 'true' });
  expect(preview.requests).toHaveLength(3);
  expect(preview.requests[0]).toMatchObject({ method: 'PUT', body: { value: null, expectedOperation: entry.id } });
  expect(preview.requests[0]?.kubectl('/tmp/1.json')).toMatch(
    /^kubectl replace --raw '\/api\/v1\/namespaces\/shop\/pods\/go-api-127\.0\.17\.1:\d+\/proxy\/admin\/switches\/pricing' -f \/tmp\/1\.json$/,
  );
  await world.restore(entry);
  await expect(world.effects['service-switch'].preview(operationOf(entry, countdown), entry.before)).resolves.toMatchObject({
    requests: [],
  });
});
