// The undo of an effect, as the countdown, the journal and the restorer record it.
import type { Seal } from './signed.ts';

/** One per outside system; implemented in activities/effects/registry.ts. */
export type EffectKind = 'deployment-image' | 'service-switch' | 'deployment-environment' | 'service-fault';

/** What an effect changes: `key` is stable text within the cluster, such as `shop/go-api` or `shop-staging/go-api/switch/pricing`. */
export interface EffectTarget {
  cluster: string;
  key: string;
}

/** step: restored when the step ends; countdown: at the end unless launched; always: at the end whatever the ending; kept: stays after the launch. */
export type UndoScope = 'step' | 'countdown' | 'always' | 'kept';

/** The registered undo of one effect. Small JSON: it refers to evidence and does not contain it. */
export interface UndoEntry {
  /**
   * `<countdown workflow id>/<first run id>/<checkpoint>/<step>/<round>/<effect kind>/<target key>`: the operation id of the effect. The
   * first run's id outlives continue-as-new and reset.
   */
  id: string;
  kind: EffectKind;
  target: EffectTarget;
  /** Fence: a write with a lower generation than the target's is refused. */
  generation: number;
  /** For display: `shop/go-api back to sha-4f9c2ab`. */
  name: string;
  /** A candidate serves users until it is settled. */
  live: boolean;
  scope: UndoScope;
  /** Lower first, equal ones in parallel. */
  order: number;
  /** Dead man's switch, by the worker's real clock. */
  dueInMs?: number;
  /** Time budgets of the rollback. */
  within: { restoreMs: number; proveMs: number };
  /** Validated by the kind's schema. */
  before: unknown;
  /** By the worker that captured `before`. Absent in records of older versions. */
  seal?: Seal;
}

/** The countdown that owns an effect. */
export interface CountdownRef {
  workflowId: string;
  firstRunId: string;
  release: string;
  notify: string[];
}
