// The `preflight-answers` evidence: queries of preflight and their answers, not yet judged.

export interface Right {
  verb: string;
  resource: string;
  namespace: string;
  allowed: boolean;
}

/** How a node has the candidate image: in its own list (which lags by up to a minute and contains the 50 largest), or by a running pod. */
export interface NodeImage {
  node: string;
  seen: 'in node status' | 'running pod' | 'not seen';
  /** Number of images that the node lists: at 50 the list may be cut off. */
  listed: number;
}

/** The fields that Tminus writes to the Deployment and must find unchanged later. */
export interface Written {
  metadata: { annotations: Record<string, string> };
  spec: { paused: boolean; template: unknown };
}

/** One write as a dry run. */
export interface DryWrite {
  effect: 'launch' | 'rollback';
  asked: Written;
  /** The object that the cluster would store; null when it refuses. */
  got: Written | null;
  /** Why it refuses; null when it does not. */
  refusal: string | null;
}

/** Current pods with the template they were created from. */
export interface PodImages {
  /** Pods of the current template that are not terminating. */
  pods: { name: string; image: string; templateImage: string }[];
}

export interface StagingPods {
  image: string;
  wanted: number;
  /** `ids`: the image id as the node reports it. `templateImage` is absent in records of older versions, which compared `image`. */
  pods: { name: string; image: string; templateImage?: string; ready: boolean; ids: string }[];
}

/** The facts of each check, by its title. */
export interface PreflightFacts {
  cluster: { deploymentFound: boolean };
  rights: { rights: Right[] };
  'deployment healthy': {
    wanted: number;
    replicas: number;
    updated: number;
    ready: number;
    available: number;
    generation: number;
    observedGeneration: number;
  };
  'not paused': { paused: boolean };
  'progress deadline': { seconds: number | null };
  'revision history': { limit: number };
  container: { container: string; containers: string[] };
  'dry run': { writes: DryWrite[] };
  'image on nodes': { image: string; pullPolicy: string; nodes: NodeImage[] };
  'pod images': PodImages;
  'staging runs the candidate': StagingPods;
  'prometheus clock': { skewMs: number; uncertaintyMs: number; maxSkewMs: number };
  'scrape targets': {
    query: string;
    pods: string[];
    maxAgeMs: number;
    targets: { pod: string; up: number }[];
    ageS: { pod: string; value: number }[];
  };
  'request counters': {
    query: string;
    pods: string[];
    series: string[];
    /** Counts of all requests and of those with the label `code`, at one time. Absent in records of older versions. */
    coded?: { query: string; requests: { pod: string; value: number }[]; coded: { pod: string; value: number }[] };
  };
  'latency buckets': { query: string; pods: string[]; series: string[]; limitMs: number };
  health: { url: string; ok: boolean; detail: string };
  'evidence space': EvidenceRoom;
  'last launch ended': LastLaunch;
}

/** Free space for evidence; `refusal` is the reason why the store accepts nothing at all. */
export type EvidenceRoom =
  | { refusal: null; freeBytes: number; totalBytes: number; freeFiles: number | null; totalFiles: number | null }
  | { refusal: string };

/** State after the last launch: annotations of the Deployment, and the Lease with the state of its operation. */
export interface LastLaunch {
  /** `shop/go-api`. */
  service: string;
  /** The countdown that checks: `<workflow id>/<run id>`. */
  countdown: string;
  deployment: { operation: string | null; countdown: string | null; generation: string | null };
  /** Null without a Lease. */
  lease: { name: string; holder: string | null; operation: string | null; state: string | null; generation: string | null } | null;
}

export type CheckTitle = keyof PreflightFacts;

/** One answer. `facts` is null when nothing could be read; `trouble` then has the reason. */
export type PreflightAnswer = {
  [Title in CheckTitle]: {
    title: Title;
    /** Why later steps need it. */
    needs: string;
    facts: PreflightFacts[Title] | null;
    trouble: string | null;
  };
}[CheckTitle];
