// The fields of Kubernetes objects that Tminus reads. Objects stay raw JSON: the typed client drops unknown fields, and a rollback must restore
// the whole pod template.

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
  env?: EnvVar[];
}

/** An environment variable with a value, or with the place it comes from. */
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: unknown;
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

/** Annotation of Kubernetes: number of the ReplicaSet. */
export const REVISION = 'deployment.kubernetes.io/revision';
export const TEMPLATE_HASH = 'pod-template-hash';

/** Annotations of Tminus, in the same write as the change, so that both land or neither. */
export const annotations = {
  operation: 'tminus.dev/operation',
  countdown: 'tminus.dev/countdown',
  fencingGeneration: 'tminus.dev/fencing-generation',
  operationAt: 'tminus.dev/operation-at',
  /** Image of the operation: lets a rollback detect a template that was changed afterwards. */
  image: 'tminus.dev/image',
  /** Name and digest of the variable that the operation set: lets a restore detect a value that was changed afterwards. */
  variable: 'tminus.dev/variable',
} as const;

/** The image of a container; null when the template has no such container. */
export function imageOf(template: PodTemplate, container: string): string | null {
  return template.spec.containers.find(({ name }) => name === container)?.image ?? null;
}

/** The variables of a container; null when the template has no such container. */
export function envOf(template: PodTemplate, container: string): EnvVar[] | null {
  const found = template.spec.containers.find(({ name }) => name === container);
  return found === undefined ? null : (found.env ?? []);
}

/** The template with one image replaced: the result of a strategic merge patch on the container. */
export function withImage(template: PodTemplate, container: string, image: string): PodTemplate {
  return {
    ...template,
    spec: { ...template.spec, containers: template.spec.containers.map((each) => (each.name === container ? { ...each, image } : each)) },
  };
}

/** The annotated fencing generation; 0 when none. Text that is not a number counts as infinite, so that nothing is written. */
export function fencingGenerationOf({ metadata }: Pick<Deployment, 'metadata'>): number {
  const noted = metadata.annotations?.[annotations.fencingGeneration];
  if (noted === undefined) return 0;
  return /^[0-9]{1,15}$/.test(noted) ? Number(noted) : Number.POSITIVE_INFINITY;
}
