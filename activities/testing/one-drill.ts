// A drill's effects on a fake cluster with fake pods, as a countdown would ask for them.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CountdownRef, EffectKind, UndoEntry } from '../../verdict/undo.ts';
import type { Release } from '../../release/release.ts';
import { createEffectActivities } from '../effects/activities.ts';
import type { EffectActivities } from '../effects/contract.ts';
import type { Effects } from '../effects/registry.ts';
import { openUndoJournal } from '../evidence/undo-journal.ts';
import { FakeClusterApi, NEW, target } from './fake-cluster-api.ts';
import { FakePods } from './fake-admin-pods.ts';
import { countdownOf, fakeEffects } from './one-effect.ts';
import { releaseOf, TrustedWorld } from './trusted.ts';

export const countdown = countdownOf('run-1');
export const TTL_MS = 600_000;
export const FAULTS = { 'pricing-errors': '100' };

type DrillKind = Exclude<EffectKind, 'deployment-image'>;
const KEYS: Record<DrillKind, string> = {
  'service-switch': 'shop/go-api/switch/pricing',
  'service-fault': 'shop/go-api/fault',
  'deployment-environment': 'shop/go-api',
};
const SETTINGS: Record<DrillKind, object> = {
  'service-switch': { deployment: target, switch: 'pricing' },
  'service-fault': { deployment: target, settings: FAULTS },
  'deployment-environment': { deployment: target, variable: 'ORDERS_MODE', healthTarget: 'shop', healthPath: '/healthz' },
};
export const WANTED: Record<DrillKind, object> = {
  'service-switch': { value: false, ttlMs: TTL_MS },
  'service-fault': { settings: FAULTS, ttlMs: TTL_MS },
  'deployment-environment': { value: 'queue' },
};

/** A release that two people approve, that then runs a drill in the Deployment of the fake cluster, and launches. */
export function drillRelease(change: Partial<Release['spec']> = {}): Release {
  const { spec } = releaseOf();
  const [poll, launch] = spec.checkpoints;
  const drill = {
    name: 'drill',
    approval: null,
    steps: [
      {
        type: 'drill',
        name: 'drill',
        fault: { type: 'service', settings: FAULTS },
        actions: [
          { name: 'pricing-off', type: 'switch', switch: 'pricing', value: false },
          { name: 'orders-queued', type: 'environment', variable: 'ORDERS_MODE', value: 'queue' },
        ],
      },
    ],
  };
  const service = { ...spec.service, namespace: 'shop-live' };
  return releaseOf(NEW, { service, staging: target, checkpoints: [poll, drill, launch] as Release['spec']['checkpoints'], ...change });
}

export interface DrillWorld {
  /** Evidence, journal and keys. */
  folder: string;
  api: FakeClusterApi;
  pods: FakePods;
  /** Where the service answers its health probe. */
  healthUrl: { current: string };
  trusted: TrustedWorld;
  effects: Effects;
  acts: EffectActivities;
  /** The undo of a fresh capture. */
  captured(kind: DrillKind, of?: CountdownRef, generation?: number): Promise<UndoEntry>;
  apply(entry: UndoEntry, wanted?: object, release?: Release): ReturnType<EffectActivities['applyEffect']>;
  restore(entry: UndoEntry): ReturnType<EffectActivities['restoreEffect']>;
  /** Restores and proves. */
  restored(entry: UndoEntry): ReturnType<EffectActivities['proveRestored']>;
}

/** Three pods of one Deployment. */
export async function drillWorld(kind: DrillKind): Promise<DrillWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'drill-'));
  const api = new FakeClusterApi();
  const pods = new FakePods();
  if (kind !== 'deployment-environment') {
    for (let count = 0; count < 3; count += 1) await pods.start();
    pods.serve(api);
  }
  const trusted = new TrustedWorld(folder);
  const healthUrl = { current: 'http://127.0.0.1:6/healthz' };
  const effects = fakeEffects(api, folder, { adminPort: pods.port, healthUrl: () => healthUrl.current });
  const sent = async () => undefined;
  const acts = createEffectActivities({
    effects,
    journal: openUndoJournal(folder),
    messages: { registerWithCountdown: sent, registerWithRestorer: sent, settleWithRestorer: sent },
    trust: trusted.trust,
  });
  const restore = (entry: UndoEntry) => acts.restoreEffect({ entry, countdown });
  return {
    folder,
    api,
    pods,
    healthUrl,
    trusted,
    effects,
    acts,
    captured: async (of, ref = countdown, generation = 1) => {
      const asked = { kind: of, target: { cluster: 'lab', key: KEYS[of] }, generation, countdown: ref };
      const { before, seal, goesBackTo } = await acts.captureEffect({ ...asked, settings: SETTINGS[of] });
      return {
        id: `${ref.workflowId}/${ref.firstRunId}/drill/drill/1/${of}/${KEYS[of]}`,
        kind: of,
        target: asked.target,
        generation,
        name: `${KEYS[of]} back to ${goesBackTo}`,
        live: false,
        scope: 'step',
        order: 0,
        within: { restoreMs: 5_000, proveMs: 5_000 },
        before,
        seal,
      };
    },
    apply: (entry, wanted = WANTED[kind], release = drillRelease()) =>
      acts.applyEffect({ entry, wanted, countdown, authority: trusted.authority(countdown, trusted.input(release)) }),
    restore,
    // By the real clock, for a rollout is timed from the write.
    restored: async (entry) =>
      acts.proveRestored({ entry, write: { ...(await restore(entry)), at: new Date().toISOString() }, failedAt: null }),
  };
}
