import { describe, expect, it } from '@jest/globals';
import type { CheckTitle, DryWrite, PreflightAnswer, PreflightFacts } from './answers.ts';
import { judgePreflight, preflightFact } from './judge.ts';

const IMAGE = 'registry.local/go-api:sha-91d03ce';
const GIB = 1024 ** 3;
const LAUNCH = 'countdown/go-api-1.3.0/run-1/launch/launch/1/deployment-image/shop/go-api';
const PODS = ['go-api-a-1', 'go-api-a-2'];

const OLD = 'registry.local/go-api:sha-4f9c2ab';
const written = (image: string, env = 'a', operation = 'preflight/launch') => ({
  metadata: { annotations: { 'tminus.dev/operation': operation } },
  spec: {
    paused: false,
    template: {
      spec: {
        containers: [
          { name: 'sidecar', image: 'sidecar:1' },
          { name: 'go-api', image, env: [{ name: 'TOKEN', value: env }] },
        ],
      },
    },
  },
});
const write = (effect: 'launch' | 'rollback', image: string, got = written(image)): DryWrite => ({
  effect,
  asked: written(image),
  got,
  refusal: null,
});
const DIGEST = `registry.local/go-api@sha256:${'a'.repeat(64)}`;

const good: PreflightFacts = {
  cluster: { deploymentFound: true },
  rights: { rights: [{ verb: 'patch', resource: 'deployments.apps', namespace: 'shop', allowed: true }] },
  'deployment healthy': { wanted: 2, replicas: 2, updated: 2, ready: 2, available: 2, generation: 4, observedGeneration: 4 },
  'not paused': { paused: false },
  'progress deadline': { seconds: 600 },
  'revision history': { limit: 10 },
  container: { container: 'go-api', containers: ['go-api'] },
  'dry run': { writes: [write('launch', IMAGE), write('rollback', OLD)] },
  'image on nodes': { image: IMAGE, pullPolicy: 'Never', nodes: [{ node: 'lab-node', seen: 'in node status', listed: 7 }] },
  'pod images': { pods: [{ name: 'go-api-a-1', image: OLD, templateImage: OLD }] },
  'staging runs the candidate': { image: IMAGE, wanted: 1, pods: [{ name: 's-1', image: IMAGE, ready: true, ids: 'sha256:1' }] },
  'prometheus clock': { skewMs: 3.2, uncertaintyMs: 4, maxSkewMs: 2_000 },
  'scrape targets': {
    query: 'up{}',
    pods: PODS,
    maxAgeMs: 20_000,
    targets: PODS.map((pod) => ({ pod, up: 1 })),
    ageS: PODS.map((pod) => ({ pod, value: 1 })),
  },
  'request counters': {
    query: 'count{}',
    pods: PODS,
    series: PODS,
    coded: { query: 'coded{}', requests: PODS.map((pod) => ({ pod, value: 40 })), coded: PODS.map((pod) => ({ pod, value: 40 })) },
  },
  'latency buckets': { query: 'bucket{}', pods: PODS, series: PODS, limitMs: 300 },
  health: { url: 'http://shop/healthz', ok: true, detail: '200' },
  'evidence space': { refusal: null, freeBytes: 40 * GIB, totalBytes: 100 * GIB, freeFiles: 90_000, totalFiles: 100_000 },
  'last launch ended': {
    service: 'shop/go-api',
    countdown: 'countdown/go-api-1.4.0/run-2',
    deployment: { operation: LAUNCH, countdown: 'countdown/go-api-1.3.0/run-1', generation: '7' },
    lease: { name: 'shop/tminus-go-api', holder: 'countdown/go-api-1.3.0/run-1', operation: LAUNCH, state: 'kept', generation: '7' },
  },
};
const lastLaunch = (
  deployment: Partial<PreflightFacts['last launch ended']['deployment']>,
  lease: Partial<NonNullable<PreflightFacts['last launch ended']['lease']>> | null,
) =>
  judge('last launch ended', {
    deployment: { ...good['last launch ended'].deployment, ...deployment },
    lease: lease && ({ ...good['last launch ended'].lease, ...lease } as PreflightFacts['last launch ended']['lease']),
  });

const answer = <Title extends CheckTitle>(title: Title, facts: PreflightFacts[Title] | null, trouble: string | null = null) =>
  ({ title, needs: 'later steps need it', facts, trouble }) as PreflightAnswer;
const all = (Object.keys(good) as CheckTitle[]).map((title) => answer(title, good[title]));
const judge = <Title extends CheckTitle>(title: Title, change: Partial<PreflightFacts[Title]>) =>
  judgePreflight([answer(title, { ...good[title], ...change })])[0];

describe('judgePreflight', () => {
  it('passes all eighteen checks when all is there, and says so in one line', () => {
    const findings = judgePreflight(all, ['sha256:1']);
    expect(findings.map(({ outcome }) => outcome)).toEqual(Array(18).fill('pass'));
    expect(findings.every(({ evidence }) => evidence[0] === 'sha256:1')).toBe(true);
    expect(preflightFact(all, findings)).toMatchObject({
      text: '18 of 18: rights, health, series, image, clock skew 3 ms',
      values: { passed: 18, checks: 18, clockSkewMs: 3 },
    });
  });

  it('never passes a check that could not be made, and gives the reason', () => {
    for (const { title } of all) {
      expect(judgePreflight([answer(title, null, 'Prometheus gave no answer')])).toMatchObject([
        {
          code: 'PreflightUnknown',
          outcome: 'inconclusive',
          subject: title,
          message: `${title}: Prometheus gave no answer; it is needed because later steps need it`,
        },
      ]);
    }
  });

  it.each([
    ['the Deployment is missing', judge('cluster', { deploymentFound: false }), /no such Deployment/],
    [
      'a right is missing',
      judge('rights', { rights: [{ verb: 'patch', resource: 'deployments.apps', namespace: 'shop', allowed: false }] }),
      /patch deployments\.apps in shop; grant/,
    ],
    ['a pod is not available', judge('deployment healthy', { available: 1 }), /1 of 2 pods are available/],
    ['two versions run', judge('deployment healthy', { replicas: 3 }), /2 of 3 of the current version/],
    ['nothing runs', judge('deployment healthy', { wanted: 0, replicas: 0, updated: 0, ready: 0, available: 0 }), /scaled to 0/],
    ['it is paused', judge('not paused', { paused: true }), /kubectl rollout resume/],
    ['there is no progress deadline', judge('progress deadline', { seconds: null }), /progressDeadlineSeconds/],
    ['the progress deadline is switched off', judge('progress deadline', { seconds: 2_147_483_647 }), /progressDeadlineSeconds/],
    ['no revision is kept', judge('revision history', { limit: 0 }), /revisionHistoryLimit is 0/],
    ['the container has another name', judge('container', { containers: ['app'] }), /it has app/],
    [
      'the image is not on the node',
      judge('image on nodes', { nodes: [{ node: 'n', seen: 'not seen', listed: 3 }] }),
      /not on n, and imagePullPolicy is Never/,
    ],
    [
      'a webhook writes another image than the launch asked for',
      judge('dry run', { writes: [write('launch', IMAGE, written(DIGEST)), write('rollback', OLD)] }),
      new RegExp(
        `^dry run: the cluster changes what Tminus writes, so a launch could not be rolled back: spec\\.template\\.spec\\.containers\\[go-api\\]\\.image of the launch from ${IMAGE} to ${DIGEST}; name the images by their digest, or exempt the Deployment from the webhook`,
      ),
    ],
    [
      'a webhook would change what a rollback puts back',
      judge('dry run', { writes: [write('launch', IMAGE), write('rollback', OLD, written(DIGEST))] }),
      /image of the rollback from registry/,
    ],
    [
      'a webhook changes another field, whose value is not shown',
      judge('dry run', { writes: [write('launch', IMAGE, written(IMAGE, 'secret'))] }),
      /: spec\.template\.spec\.containers\[go-api\]\.env\[TOKEN\]\.value of the launch; set the same value in the manifest/,
    ],
    [
      'a webhook changes the notes that a rollback goes by',
      judge('dry run', { writes: [write('launch', IMAGE, written(IMAGE, 'a', 'gone'))] }),
      /: metadata\.annotations\[tminus\.dev\/operation\] of the launch;/,
    ],
    [
      'a policy denies the launch',
      judge('dry run', { writes: [{ ...write('launch', IMAGE), got: null, refusal: 'not signed' }] }),
      /would refuse the write of the launch: not signed; correct it as described/,
    ],
    ['no node takes pods', judge('image on nodes', { nodes: [] }), /no node is ready/],
    [
      'staging runs something else',
      judge('staging runs the candidate', { pods: [{ name: 's-1', image: 'other', ready: true, ids: '' }] }),
      /has a template with other, not/,
    ],
    ['staging is empty', judge('staging runs the candidate', { pods: [] }), /no pods/],
    [
      'staging is not ready',
      judge('staging runs the candidate', { pods: [{ name: 's-1', image: IMAGE, ready: false, ids: '' }] }),
      /0 of 1 staging pods/,
    ],
    [
      'one tag names two builds',
      judge('staging runs the candidate', { wanted: 2, pods: ['1', '2'].map((id) => ({ name: id, image: IMAGE, ready: true, ids: id })) }),
      /different images named/,
    ],
    ['the clocks differ', judge('prometheus clock', { skewMs: -5_000 }), /5,000 ms behind .* limit 2,000 ms; set the clocks/],
    ['a pod is not scraped', judge('scrape targets', { targets: [{ pod: 'go-api-a-1', up: 1 }] }), /0 targets for pod go-api-a-2/],
    [
      'a pod is scraped twice',
      judge('scrape targets', { targets: [...PODS, 'go-api-a-1'].map((pod) => ({ pod, up: 1 })) }),
      /2 targets for pod go-api-a-1/,
    ],
    ['a scrape fails', judge('scrape targets', { targets: PODS.map((pod) => ({ pod, up: 0 })) }), /last scrape/],
    ['samples are stale', judge('scrape targets', { ageS: PODS.map((pod) => ({ pod, value: 40 })) }), /40 s old/],
    ['a counter is missing', judge('request counters', { series: ['go-api-a-1'] }), /without request counter: go-api-a-2 \(count\{\}\)/],
    [
      'the status of requests has another label',
      judge('request counters', { coded: { query: 'coded{}', requests: PODS.map((pod) => ({ pod, value: 40 })), coded: [] } }),
      /lacks the label `code` on some requests: go-api-a-1, go-api-a-2 \(coded\{\}\); label the histogram/,
    ],
    ['the bucket is missing', judge('latency buckets', { series: [] }), /exactly 300 ms: go-api-a-1, go-api-a-2/],
    ['the service is sick', judge('health', { ok: false, detail: '503' }), /not healthy: 503/],
    [
      'the evidence disk is nearly full',
      judge('evidence space', { freeBytes: GIB - 1 } as never),
      /^evidence space: 1,073,741,823 bytes of 100 GiB are free for evidence, limit 1,073,741,824 bytes; make room with `tminus prune --older-than 90d`/,
    ],
    [
      'the evidence disk has no inodes',
      judge('evidence space', { freeFiles: 999 } as never),
      /999 of 100,000 inodes are free .* limit 1,000/,
    ],
    [
      'evidence cannot be written',
      judge('evidence space', { refusal: 'The evidence store /e cannot keep the bytes: the file system is read-only' }),
      /^evidence space: The evidence store \/e cannot keep the bytes: the file system is read-only; make room/,
    ],
    [
      'the last launch has no end',
      lastLaunch({}, { state: 'open' }),
      /^last launch ended: the last launch of shop\/go-api \(countdown countdown\/go-api-1\.3\.0\/run-1\) has no end; `tminus leftovers` lists who restores it; `tminus restore` restores it$/,
    ],
    [
      'a launch is annotated and its Lease is gone',
      lastLaunch({}, null),
      /no Lease records its end: .*kubectl -n shop annotate deployment go-api tminus\.dev\/operation-$/,
    ],
    [
      'a launch is annotated that is newer than the Lease',
      lastLaunch({ operation: 'other', generation: '8' }, {}),
      /is of another operation, which is not later/,
    ],
    [
      'another launch of the same generation is annotated',
      lastLaunch({ operation: 'other' }, {}),
      /is of another operation, which is not later/,
    ],
    [
      'somebody brought back a launch that was restored',
      lastLaunch({}, { state: 'restored' }),
      /was restored, but its version runs again and is not watched/,
    ],
    [
      'a launch of the countdown itself is annotated and its Lease is gone',
      lastLaunch({ countdown: 'countdown/go-api-1.4.0/run-2' }, null),
      /no Lease records its end/,
    ],
    [
      'another countdown has launched while the Lease of this one is open',
      lastLaunch({ operation: 'other', generation: '8' }, { state: 'open', holder: 'countdown/go-api-1.4.0/run-2' }),
      /is of another operation, which is not later/,
    ],
    [
      'an older version launched without a generation',
      lastLaunch({ operation: 'other', generation: null }, {}),
      /is of another operation, which is not later/,
    ],
  ])('fails with what to do when %s', (_why, finding, message) => {
    expect(finding).toMatchObject({ code: 'PreflightFailed', outcome: 'fail', message: expect.stringMatching(message) });
  });

  it.each([
    ['the status is stale', judge('deployment healthy', { observedGeneration: 3 })],
    ['the skew is known only roughly', judge('prometheus clock', { skewMs: 1_000, uncertaintyMs: 1_500 })],
    ['the clock is NaN', judge('prometheus clock', { skewMs: Number.NaN })],
    ['there are no pods to scrape', judge('scrape targets', { pods: [] })],
    ['there are no pods to have series', judge('request counters', { pods: [], series: [] })],
    ['the age of samples is not known', judge('scrape targets', { ageS: [] })],
    ['the free space is not a number', judge('evidence space', { freeBytes: Number.NaN } as never)],
    ['the Lease has no state', lastLaunch({}, { state: null })],
    ['the Lease has a state of somebody else', lastLaunch({}, { state: 'done' })],
    ['the Lease has a generation that is not a number', lastLaunch({}, { generation: 'many' })],
    ['the launch and its Lease have different generations', lastLaunch({ generation: '8' }, {})],
    ['the launch has no generation and its Lease has one', lastLaunch({ generation: null }, {})],
    ['no write was tried', judge('dry run', { writes: [] })],
    ['no right was asked for', judge('rights', { rights: [] })],
    ['the list of images of the node may be cut off', judge('image on nodes', { nodes: [{ node: 'n', seen: 'not seen', listed: 50 }] })],
    [
      'nobody has seen the image that would be pulled',
      judge('image on nodes', { pullPolicy: 'IfNotPresent', nodes: [{ node: 'n', seen: 'not seen', listed: 3 }] }),
    ],
  ])('is inconclusive when %s', (_why, finding) => {
    expect(finding).toMatchObject({ code: 'PreflightUnknown', outcome: 'inconclusive' });
  });

  it.each([
    ['nothing was ever launched', lastLaunch({ operation: null }, null), 'no operation is open'],
    [
      'it is asked by the countdown whose launch is open',
      lastLaunch({}, { state: 'open', holder: 'countdown/go-api-1.4.0/run-2' }),
      'open',
    ],
    ['the last launch was rolled back', lastLaunch({ operation: `${LAUNCH}#restore` }, { state: 'restored' }), 'rolled back'],
    [
      'a person went back to an earlier launch by hand',
      lastLaunch({ operation: 'earlier', generation: '6' }, {}),
      'ended before the operation in Lease',
    ],
    ['exactly the limit is free', judge('evidence space', { freeBytes: GIB } as never), '1 GiB of 100 GiB'],
    ['the file system has no fixed number of files', judge('evidence space', { freeFiles: null } as never), '40 GiB of 100 GiB'],
  ])('passes when %s', (_why, finding, message) => {
    expect(finding).toMatchObject({ outcome: 'pass', message: expect.stringContaining(message) });
  });

  it('names in its fact only what the quick half asked', () => {
    const quick = all.filter(({ title }) => title !== 'image on nodes' && title !== 'pod images' && title !== 'latency buckets');
    expect(preflightFact(quick, judgePreflight(quick)).text).toBe('15 of 15: rights, health, series, clock skew 3 ms');
  });

  it('lets a node pull an image that was seen elsewhere', () => {
    const nodes = [
      { node: 'a', seen: 'running pod' as const, listed: 3 },
      { node: 'b', seen: 'not seen' as const, listed: 3 },
    ];
    expect(judge('image on nodes', { pullPolicy: 'IfNotPresent', nodes })).toMatchObject({
      outcome: 'pass',
      message: expect.stringContaining('1 of 2 eligible nodes; the others will pull it'),
    });
  });
});
