// The fields of Kubernetes objects that Tminus reads, as the API sends them. Objects stay raw JSON: the typed client drops fields it does
// not know, and a rollback must put back the whole pod template, known fields or not.

import type { ContainerStatus, PodObject } from '../../analysis/rollout/not-ready.ts';

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
}

export interface Container {
  name: string;
  image: string;
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string> };
  spec: { containers: Container[]; nodeSelector?: Record<string, string> };
}

export interface StatusCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
}

export interface Deployment {
  metadata: ObjectMeta;
  spec: {
    replicas?: number;
    paused?: boolean;
    revisionHistoryLimit?: number;
    progressDeadlineSeconds?: number;
    selector: LabelSelector;
    template: PodTemplate;
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    unavailableReplicas?: number;
    conditions?: StatusCondition[];
  };
}

export interface ReplicaSet {
  metadata: ObjectMeta;
  spec: { replicas?: number; template: PodTemplate };
  status?: { conditions?: StatusCondition[] };
}

export interface Pod {
  metadata: ObjectMeta;
  spec: PodObject['spec'] & { nodeName?: string; containers: Container[] };
  status?: Omit<NonNullable<PodObject['status']>, 'containerStatuses'> & {
    phase?: string;
    podIP?: string;
    containerStatuses?: (ContainerStatus & { image: string; imageID: string })[];
  };
}

export interface PodEvent {
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string };
}

export interface Node {
  metadata: ObjectMeta;
  spec?: { unschedulable?: boolean; taints?: { key: string; effect: string }[] };
  status?: { conditions?: StatusCondition[]; images?: { names?: string[] | null }[] };
}

/** Apart from the annotations below, which Tminus writes, this one of Kubernetes numbers the ReplicaSets. */
export const REVISION = 'deployment.kubernetes.io/revision';
export const TEMPLATE_HASH = 'pod-template-hash';

/** What Tminus notes on a Deployment in the same write as the change itself, so that the note and the change land together or not at all. */
export const annotations = {
  operation: 'tminus.dev/operation',
  countdown: 'tminus.dev/countdown',
  fencingGeneration: 'tminus.dev/fencing-generation',
  operationAt: 'tminus.dev/operation-at',
  /** Image the operation wrote: with it a rollback can tell its own template from one that somebody changed afterwards. */
  image: 'tminus.dev/image',
} as const;

/** The image of a container in a template, or null when the template has no such container. */
export function imageOf(template: PodTemplate, container: string): string | null {
  return template.spec.containers.find(({ name }) => name === container)?.image ?? null;
}

/** The template with one image replaced: exactly what a strategic merge on the named container leaves behind. */
export function withImage(template: PodTemplate, container: string, image: string): PodTemplate {
  return {
    ...template,
    spec: { ...template.spec, containers: template.spec.containers.map((each) => (each.name === container ? { ...each, image } : each)) },
  };
}

/** Highest fencing generation noted; 0 when none. A note that is no number counts as infinitely high: whoever wrote it, we do not. */
export function fencingGenerationOf({ metadata }: Pick<Deployment, 'metadata'>): number {
  const noted = metadata.annotations?.[annotations.fencingGeneration];
  if (noted === undefined) return 0;
  return /^[0-9]{1,15}$/.test(noted) ? Number(noted) : Number.POSITIVE_INFINITY;
}
