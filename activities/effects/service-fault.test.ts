// A fault on every pod: armed once, disarmed exactly, never left armed, whatever breaks in between.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UndoEntry } from '../../verdict/undo.ts';
import { operationOf } from './effect.ts';
import { POD_TIME_MS } from '../testing/fake-admin.ts';
import type { Fate } from '../testing/fake-admin-pods.ts';
import { countdown, drillWorld, FAULTS, TTL_MS, type DrillWorld } from '../testing/one-drill.ts';

let world: DrillWorld;
beforeEach(async () => {
  world = await drillWorld('service-fault');
});
afterEach(() => world.pods.close());

const armed = () => world.pods.addresses.map((ip) => world.pods.process(ip).handle('GET', '/admin/faults', '').json['armed']);
const byHand = (ip: string, faults: object, operation = 'by-hand') =>
  world.pods.process(ip).handle('PUT', '/admin/faults', JSON.stringify({ operation, who: 'li.wei', ttl: '1h', faults }));
const lines = (result: string) => world.pods.audit().filter((line) => line.result === result);
const NOTHING = [{}, {}, {}];

async function applied(): Promise<UndoEntry> {
  const entry = await world.captured('service-fault');
  await world.apply(entry);
  return entry;
}

describe('a fault', () => {
  it('is armed on every pod with a TTL, and disarmed with the others left armed', async () => {
    const [first = ''] = world.pods.addresses;
    byHand(first, { 'slow-order': '' });
    const entry = await world.captured('service-fault');
    expect(entry.name).toBe('shop/go-api/fault back to no pricing-errors');
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: true });
    expect(armed()).toEqual([{ 'slow-order': '400ms', ...FAULTS }, FAULTS, FAULTS]);
    const proof = await world.restored(entry);
    expect(proof).toMatchObject({ restored: true, leftAlone: false, findings: [{ code: 'ChangeRestored', outcome: 'pass' }] });
    expect(armed()).toEqual([{ 'slow-order': '400ms' }, {}, {}]);
  });

  it('is armed once and disarmed once, however often it is asked for, and its repetition reports the first time', async () => {
    const entry = await world.captured('service-fault');
    await world.apply(entry);
    for (const ip of world.pods.addresses) world.pods.process(ip).nowMs += 30_000;
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: false, at: new Date(POD_TIME_MS).toISOString() });
    await world.restore(entry);
    await expect(world.restore(entry)).resolves.toMatchObject({ wrote: false });
    expect([lines('changed').length, lines('ended').length]).toEqual([3, 3]);
  });

  it('is refused by the service where it arrives after its restore', async () => {
    const entry = await world.captured('service-fault');
    await world.restore(entry);
    await expect(world.apply(entry)).rejects.toMatchObject({ type: 'PreconditionChanged', message: expect.stringContaining('have ended') });
    expect(armed()).toEqual(NOTHING);
  });

  it('ends by itself where nobody is left to disarm it, and is not armed again by a late try', async () => {
    const entry = await applied();
    for (const ip of world.pods.addresses) world.pods.process(ip).nowMs += TTL_MS;
    expect(armed()).toEqual(NOTHING);
    await expect(world.apply(entry)).rejects.toMatchObject({ type: 'PreconditionChanged' });
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true });
    expect(armed()).toEqual(NOTHING);
  });

  it('reaches pods that start meanwhile, and needs nothing of those that go away', async () => {
    const entry = await applied();
    const added = await world.pods.start();
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: true });
    expect(armed()).toEqual([FAULTS, FAULTS, FAULTS, FAULTS]);
    await world.pods.remove(world.pods.addresses[0] ?? '');
    await world.pods.restart(added);
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true });
    expect(armed()).toEqual(NOTHING);
  });

  it('is disarmed in pods that were orphaned when their Deployment was removed with the fault armed', async () => {
    const entry = await applied();
    world.api.orphan();
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true });
    expect(armed()).toEqual(NOTHING);
  });

  it('is reported as left over while a pod does not answer, and disarmed when it answers again', async () => {
    const entry = await applied();
    const [first] = world.pods.addresses;
    world.pods.fate = (method, ip) => (ip === first && method !== 'GET' ? 'never-arrives' : 'answered');
    await expect(world.restore(entry)).rejects.toMatchObject({ type: 'Unreachable', nonRetryable: false });
    const write = { wrote: false, observedGeneration: 0, at: '2026-11-25T09:00:00Z' };
    const proof = await world.acts.proveRestored({ entry, write, failedAt: null });
    expect(proof).toMatchObject({ restored: false, findings: [{ code: 'ChangeNotRestored', outcome: 'fail' }] });
    expect(proof.findings[0]?.message).toMatch(/not restored on 1 of 3 pods: go-api-127\.0\.17\.1 has pricing-errors until 20/);
    world.pods.fate = () => 'answered';
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true });
  });
});

describe('a request that breaks', () => {
  const once = (fate: Fate, at: number): void => {
    let seen = 0;
    world.pods.fate = () => ((seen += 1) === at ? fate : 'answered');
  };

  it.each((['lost', 'never-arrives', 'broken'] as const).flatMap((fate) => Array.from({ length: 9 }, (_, at) => [fate, at + 1] as const)))(
    'arms once and disarms once: %s, request %i of both',
    async (fate, at) => {
      const entry = await world.captured('service-fault');
      once(fate, at);
      await world.apply(entry).catch(() => world.apply(entry));
      expect(armed()).toEqual([FAULTS, FAULTS, FAULTS]);
      once(fate, at);
      await world.restore(entry).catch(() => world.restore(entry));
      world.pods.fate = () => 'answered';
      await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
      expect([armed(), lines('changed').length, lines('ended').length]).toEqual([NOTHING, 3, 3]);
    },
  );
});

describe('a fault of somebody else', () => {
  it('is not taken over: the capture is refused', async () => {
    byHand(world.pods.addresses[1] ?? '', FAULTS);
    await expect(world.captured('service-fault')).rejects.toMatchObject({
      type: 'PreconditionChanged',
      message: expect.stringMatching(/fault pricing-errors of pod .* is armed already by by-hand; disarm it first/),
    });
  });

  it('armed since the capture is not taken over either, and is reported after the restore', async () => {
    const entry = await world.captured('service-fault');
    byHand(world.pods.addresses[1] ?? '', FAULTS);
    await expect(world.apply(entry)).rejects.toMatchObject({ type: 'PreconditionChanged' });
    await expect(world.restored(entry)).resolves.toMatchObject({
      restored: true,
      leftAlone: true,
      findings: [{ code: 'ChangeLeftAlone' }],
    });
    expect(armed()).toEqual([{}, FAULTS, {}]);
  });
});

it('is refused before anything is changed where the service does not have it', async () => {
  const deployment = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
  const asked = { kind: 'service-fault', target: { cluster: 'lab', key: 'shop/go-api/fault' }, generation: 1, countdown } as const;
  await expect(world.acts.captureEffect({ ...asked, settings: { deployment, settings: { 'pricing-erors': '' } } })).rejects.toMatchObject({
    type: 'Refused',
    message: expect.stringMatching(/has no fault pricing-erors; it has pricing-errors, slow-order/),
  });
});

it('shows the requests of a restore for a person', async () => {
  const entry = await applied();
  const preview = await world.effects['service-fault'].preview(operationOf(entry, countdown), entry.before);
  expect(preview.runsNow).toBe('3 of 3 pods have pricing-errors armed by this operation');
  expect(preview.requests).toHaveLength(3);
  expect(preview.requests[0]?.kubectl('unused')).toMatch(
    /^kubectl delete --raw '\/api\/v1\/namespaces\/shop\/pods\/.*\/proxy\/admin\/faults\?operation=countdown%2F/,
  );
});
