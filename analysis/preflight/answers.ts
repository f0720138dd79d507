// What preflight asked and the answers it got, as stored in `preflight-answers` evidence: facts, not yet judged.

export interface Right {
  verb: string;
  resource: string;
  namespace: string;
  allowed: boolean;
}

/** How a node has the candidate image: its own list (which lags by up to a minute and holds the 50 largest), or a pod that runs it. */
export interface NodeImage {
  node: string;
  seen: 'in node status' | 'running pod' | 'not seen';
  /** How many images the node lists: at 50 the list may be cut off. */
  listed: number;
}

/** What Tminus would leave on the Deployment: its notes, and the fields that it needs to find again as it wrote them. */
export interface Written {
  metadata: { annotations: Record<string, string> };
  spec: { paused: boolean; template: unknown };
}

/** One write that was tried without being written. */
export interface DryWrite {
  effect: 'launch' | 'rollback';
  asked: Written;
  /** What the cluster would make of it; null when it would not take it. */
  got: Written | null;
  /** Why it would not; null when it would. */
  refusal: string | null;
}

/** Today's pods beside the template they were created from. */
export interface PodImages {
  /** Of the current template only, those on their way out excepted. */
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
    /** How many of the requests the label `code` tells the status of, both of one moment. Left out in records of older versions. */
    coded?: { query: string; requests: { pod: string; value: number }[]; coded: { pod: string; value: number }[] };
  };
  'latency buckets': { query: string; pods: string[]; series: string[]; limitMs: number };
  health: { url: string; ok: boolean; detail: string };
  'evidence space': EvidenceRoom;
  'last launch ended': LastLaunch;
}

/** Room for evidence; `refusal` says why the store keeps nothing at all. */
export type EvidenceRoom =
  | { refusal: null; freeBytes: number; totalBytes: number; freeFiles: number | null; totalFiles: number | null }
  | { refusal: string };

/** What the last launch left: annotations of the Deployment, and the Lease that holds the state of its operation. */
export interface LastLaunch {
  /** `shop/go-api`. */
  service: string;
  /** Who asks: `<workflow id>/<run id>`. */
  countdown: string;
  deployment: { operation: string | null; countdown: string | null; generation: string | null };
  /** Null when there is none. */
  lease: { name: string; holder: string | null; operation: string | null; state: string | null; generation: string | null } | null;
}

export type CheckTitle = keyof PreflightFacts;

/** One answer. `facts` is null when nothing could be learnt; `trouble` then says why. */
export type PreflightAnswer = {
  [Title in CheckTitle]: {
    title: Title;
    /** What later work needs it for. */
    needs: string;
    facts: PreflightFacts[Title] | null;
    trouble: string | null;
  };
}[CheckTitle];
