// Judges the answers of preflight. Pure: answers in, one finding per check out.
import { builders, type Fact, type Finding } from '../../verdict/finding.ts';
import { besideLimit, duration, latency } from '../../verdict/wording/index.ts';
import type { CheckTitle, PreflightAnswer, PreflightFacts } from './answers.ts';
import { judgeDryRun } from './dry-run.ts';
import { judgeEvidenceSpace } from './evidence-space.ts';
import { fail, pass, unknown, type Judgement } from './judgement.ts';
import { judgeLastLaunch } from './last-launch.ts';
import { judgePodImages, judgeStaging } from './pod-images.ts';

/** Kubernetes lists the 50 largest images of a node (kubelet's nodeStatusMaxImages), so at 50 an image may be there unlisted. */
const MAX_NODE_IMAGES = 50;
/** Kubernetes stores a missing progress deadline as the largest 32-bit number. */
const NO_DEADLINE = 2_147_483_647;

const judges: { [Title in CheckTitle]: (facts: PreflightFacts[Title]) => Judgement } = {
  cluster: ({ deploymentFound }) =>
    deploymentFound
      ? pass('the cluster answers and has the Deployment')
      : fail('the cluster answers but has no such Deployment', 'deploy a first version, or correct the namespace and name'),

  rights: ({ rights }) => {
    const missing = rights
      .filter(({ allowed }) => !allowed)
      .map(({ verb, resource, namespace }) => `${verb} ${resource}${namespace ? ` in ${namespace}` : ''}`);
    const numbers = { measured: rights.length - missing.length, limit: rights.length, unit: 'rights' };
    if (rights.length === 0) return unknown('no right was asked for', 'retry the step', numbers);
    return missing.length === 0
      ? pass(`all ${rights.length} rights that later steps need are granted`, numbers)
      : fail(`rights are missing: ${missing.join(', ')}`, 'grant them to the identity of the kubeconfig', numbers);
  },

  'deployment healthy': ({ wanted, replicas, updated, ready, available, generation, observedGeneration }) => {
    const numbers = { measured: available, limit: wanted, unit: 'pods' };
    if (observedGeneration < generation)
      return unknown(
        `the controller has observed generation ${observedGeneration} of ${generation}, so the status is outdated`,
        'retry the step in a moment',
        numbers,
      );
    if (wanted === 0) return fail('the Deployment is scaled to 0, so a launch would prove nothing', 'scale it up', numbers);
    const whole = available >= wanted && ready >= wanted && updated >= wanted && replicas === updated;
    return whole
      ? pass(`${available} of ${wanted} pods are available, all of one version`, numbers)
      : fail(
          `${available} of ${wanted} pods are available, ${updated} of ${replicas} of the current version`,
          'repair the running version before the next launch',
          numbers,
        );
  },

  'not paused': ({ paused }) =>
    paused
      ? fail('the Deployment is paused, so a new image would not roll out', 'kubectl rollout resume')
      : pass('the Deployment is not paused'),

  'progress deadline': ({ seconds }) =>
    seconds === null || seconds >= NO_DEADLINE
      ? fail(
          'the Deployment has no progressDeadlineSeconds, so Kubernetes never reports a rollout without progress',
          'set spec.progressDeadlineSeconds',
        )
      : pass(`Kubernetes reports a rollout without progress after ${duration(1_000 * seconds)}`, { measured: seconds, unit: 's' }),

  'revision history': ({ limit }) =>
    limit > 0
      ? pass(`the last ${limit} ReplicaSets are kept`, { measured: limit, limit: 1, unit: 'ReplicaSets' })
      : fail('revisionHistoryLimit is 0, so Kubernetes itself could not undo a rollout', 'set spec.revisionHistoryLimit to 1 or more', {
          measured: limit,
          limit: 1,
          unit: 'ReplicaSets',
        }),

  container: ({ container, containers }) =>
    containers.includes(container)
      ? pass(`the pod template has a container ${container}`)
      : fail(`the pod template has no container ${container}; it has ${containers.join(', ')}`, 'correct spec.service.container'),

  'dry run': judgeDryRun,
  'image on nodes': judgeImage,

  'pod images': judgePodImages,
  'staging runs the candidate': judgeStaging,

  'prometheus clock': ({ skewMs, uncertaintyMs, maxSkewMs }) => {
    const numbers = { measured: Math.round(skewMs), limit: maxSkewMs, unit: 'ms' };
    if (!Number.isFinite(skewMs) || !Number.isFinite(uncertaintyMs))
      return unknown('the clock of Prometheus could not be read', 'retry the step', { ...numbers, measured: null });
    const skew = `${latency(Math.abs(Math.round(skewMs)))} ${skewMs < 0 ? 'behind' : 'ahead'} (± ${latency(Math.ceil(uncertaintyMs))})`;
    const clock = `Prometheus answers; its clock is ${skew}`;
    if (Math.abs(skewMs) + uncertaintyMs <= maxSkewMs) return pass(clock, numbers);
    if (Math.abs(skewMs) - uncertaintyMs > maxSkewMs)
      return fail(`${clock}, limit ${latency(maxSkewMs)}`, 'set the clocks of worker and Prometheus by NTP', numbers);
    return unknown(`${clock}, too uncertain for the limit ${latency(maxSkewMs)}`, 'retry the step when Prometheus answers faster', numbers);
  },

  'scrape targets': ({ query, pods, targets, ageS, maxAgeMs }) => {
    const numbers = { measured: targets.filter(({ up }) => up === 1).length, limit: pods.length, unit: 'targets' };
    if (pods.length === 0) return unknown('the Deployment has no pods to be scraped', 'retry the step when it has', numbers);
    for (const pod of pods) {
      const own = targets.filter((target) => target.pod === pod);
      if (own.length !== 1)
        return fail(
          `Prometheus has ${own.length} targets for pod ${pod} where exactly 1 is expected (${query})`,
          own.length === 0 ? 'let Prometheus scrape the pods, with labels namespace and pod' : 'scrape each pod by one job only',
          numbers,
        );
      if (own[0]?.up !== 1) return fail(`the last scrape of pod ${pod} failed (${query})`, 'check the targets page of Prometheus', numbers);
      const age = ageS.filter((sample) => sample.pod === pod);
      const newest = age.length === 1 ? age[0]?.value : undefined;
      if (newest === undefined || !Number.isFinite(newest))
        return unknown(`the sample age of pod ${pod} is unknown (${query})`, 'retry the step', numbers);
      const [oldest, limit] = besideLimit(Math.round(newest), maxAgeMs / 1_000, 's');
      if (newest * 1_000 > maxAgeMs)
        return fail(
          `the newest sample of pod ${pod} is ${oldest} old, and the guard holds after ${limit}`,
          'scrape more often, or raise noDataAfter of the guard',
          numbers,
        );
    }
    return pass(`Prometheus scrapes each of the ${pods.length} pods once, all samples fresh`, numbers);
  },

  'request counters': judgeCounters,
  'latency buckets': ({ query, pods, series, limitMs }) =>
    judgeSeries(
      { query, pods, series },
      `histogram bucket at exactly ${latency(limitMs)}`,
      'add the limit as a bucket boundary, or choose a limit that is one',
    ),

  health: ({ url, ok, detail }) =>
    ok ? pass(`${url} is healthy`) : fail(`${url} is not healthy: ${detail}`, 'repair the running version before the next launch'),

  'evidence space': judgeEvidenceSpace,
  'last launch ended': judgeLastLaunch,
};

/** Words of the fact when all checks passed, by check. */
const NAMED_IN_FACT: readonly [CheckTitle, string][] = [
  ['rights', 'rights'],
  ['health', 'health'],
  ['request counters', 'series'],
  ['image on nodes', 'image'],
];

function judgeImage({ image, pullPolicy, nodes }: PreflightFacts['image on nodes']): Judgement {
  const missing = nodes.filter(({ seen }) => seen === 'not seen');
  const numbers = { measured: nodes.length - missing.length, limit: nodes.length, unit: 'nodes' };
  if (nodes.length === 0)
    return fail(
      'no node is ready to take pods of this Deployment',
      'check the nodes: readiness, taints, the nodeSelector of the template',
      numbers,
    );
  const names = missing.map(({ node }) => node).join(', ');
  if (missing.length === 0) {
    const how = [...new Set(nodes.map(({ seen }) => seen))].sort().join(', ');
    return pass(`${image} is on ${nodes.length === 1 ? 'the 1 eligible node' : `all ${nodes.length} eligible nodes`} (${how})`, numbers);
  }
  // A node that may pull does not need the image beforehand, but the image must exist on some node.
  if (pullPolicy !== 'Never' && missing.length < nodes.length)
    return pass(`${image} is on ${numbers.measured} of ${nodes.length} eligible nodes; the others will pull it (${pullPolicy})`, numbers);
  if (pullPolicy !== 'Never')
    return unknown(
      `${image} was not seen on any eligible node, so it is not known to be pullable`,
      'run it once, in staging, on these nodes',
      numbers,
    );
  if (missing.every(({ listed }) => listed >= MAX_NODE_IMAGES))
    return unknown(
      `${image} is not among the ${MAX_NODE_IMAGES} images that ${names} lists, and may still be there`,
      'run it once, in staging, on these nodes',
      numbers,
    );
  return fail(
    `${image} is not on ${names}, and imagePullPolicy is Never`,
    'import the image there (a node reports a new image after up to a minute)',
    numbers,
  );
}

interface PodSeries {
  query: string;
  pods: readonly string[];
  /** The pod of each series that was found. */
  series: readonly string[];
}

/** Each pod must count its requests with the status in the label `code`; else the guard cannot count errors. */
function judgeCounters({ query, pods, series, coded }: PreflightFacts['request counters']): Judgement {
  const hint = 'correct `metric` of the guard, or let the service count its requests';
  const counted = judgeSeries({ query, pods, series }, 'request counter', hint);
  if (counted.outcome !== 'pass' || coded === undefined) return counted;
  const valueOf = (samples: readonly { pod: string; value: number }[], pod: string) =>
    samples.filter((sample) => sample.pod === pod).map(({ value }) => value);
  const unlabelled = pods.filter((pod) => {
    const [all, known] = [valueOf(coded.requests, pod), valueOf(coded.coded, pod)];
    return known.length !== 1 || known[0] !== all[0];
  });
  if (unlabelled.length === 0) return counted;
  return fail(
    `pods whose request counter lacks the label \`code\` on some requests: ${unlabelled.join(', ')} (${coded.query})`,
    'label the histogram with `code` (200, 404, 500), so that the guard can count errors',
    { measured: pods.length - unlabelled.length, limit: pods.length, unit: 'pods' },
  );
}

/** Each pod must have exactly one series. @param what a noun for it: `request counter`. */
function judgeSeries({ query, pods, series }: PodSeries, what: string, hint: string): Judgement {
  const missing = pods.filter((pod) => series.filter((own) => own === pod).length !== 1);
  const numbers = { measured: pods.length - missing.length, limit: pods.length, unit: 'pods' };
  if (pods.length === 0) return unknown('the Deployment has no pods with series', 'retry the step when it has', numbers);
  return missing.length === 0
    ? pass(`each of the ${pods.length} pods has its ${what}`, numbers)
    : fail(`pods without ${what}: ${missing.join(', ')} (${query})`, hint, numbers);
}

const CODES = { pass: 'PreflightPassed', fail: 'PreflightFailed', inconclusive: 'PreflightUnknown' } as const;

/** One finding per answer, in order. A check that could not be made is inconclusive with its reason, never a pass. */
export function judgePreflight(answers: readonly PreflightAnswer[], evidence: string[] = []): Finding[] {
  return answers.map((answer) => {
    const { outcome, message, hint, measured = null, limit = null, unit = '' } = judgeOne(answer);
    return builders[outcome](CODES[outcome], answer.title, `${answer.title}: ${message}${hint ? `; ${hint}` : ''}`, {
      measured,
      limit,
      unit,
      evidence,
    });
  });
}

function judgeOne(answer: PreflightAnswer): Judgement {
  if (answer.facts === null) return unknown(answer.trouble ?? 'the check has no facts', `it is needed because ${answer.needs}`);
  const judge = judges[answer.title] as (facts: unknown) => Judgement;
  return judge(answer.facts);
}

/** `17 of 17: rights, health, series, image, clock skew 3 ms`, or the checks that did not pass. */
export function preflightFact(answers: readonly PreflightAnswer[], findings: readonly Finding[]): Fact {
  const good = findings.filter(({ outcome }) => outcome === 'pass');
  const bad = findings.filter(({ outcome }) => outcome !== 'pass').map(({ subject }) => subject);
  const clock = answers.find((answer) => answer.title === 'prometheus clock');
  const skewMs = clock?.title === 'prometheus clock' && clock.facts ? Math.abs(Math.round(clock.facts.skewMs)) : null;
  const skew = skewMs === null ? '' : `, clock skew ${latency(skewMs)}`;
  const asked = NAMED_IN_FACT.filter(([title]) => answers.some((answer) => answer.title === title)).map(([, word]) => word);
  const checked = bad.length === 0 ? asked.join(', ') : `not passed: ${bad.join(', ')}`;
  return {
    subject: 'preflight',
    text: `${good.length} of ${findings.length}: ${checked}${skew}`,
    values: { passed: good.length, checks: findings.length, ...(skewMs === null ? {} : { clockSkewMs: skewMs }) },
  };
}
