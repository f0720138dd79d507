import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { loadRelease } from './load.ts';
import { withoutSourceLine } from './problem.ts';
import { releaseFileSchema, type Release } from './release.ts';

const example = readFileSync(join(import.meta.dirname, '..', 'docs', 'release-example.yaml'), 'utf8');
const frame = `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: go-api-1.4.0 }
spec:
  service: { name: go-api, namespace: shop, image: "registry.local/go-api:sha-91d03ce" }
  cluster: lab
  countdown: 72h
  load: { script: k6/shop.js, target: shop-staging }
  approvers: { groups: [release-managers] }
`;
const withCheckpoints = (...checkpoints: string[]): string =>
  `${frame}  checkpoints:\n${checkpoints.map((checkpoint) => `    - ${checkpoint}\n`).join('')}`;
const launch = '{ name: launch, at: T-0, steps: [{ type: launch }, { type: guard }] }';

/** `line:column path: message; hint` of each problem, without the excerpt. */
function told(text: string): string[] {
  const loaded = loadRelease(text, 'r.yaml');
  return loaded.ok ? [] : loaded.problems.map((problem) => withoutSourceLine(problem).text.replace('r.yaml:', ''));
}

function warned(text: string): string[] {
  const loaded = loadRelease(text, 'r.yaml');
  return loaded.ok ? loaded.warnings.map((problem) => withoutSourceLine(problem).text.replace('r.yaml:', '')) : ['refused', ...told(text)];
}

function releaseOf(text: string): Release {
  const loaded = loadRelease(text, 'r.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.map(({ text }) => text).join('\n'));
  return loaded.release;
}

describe('a release of ten lines', () => {
  test('gets the standard plan and everything that follows from its names', () => {
    const { spec } = releaseOf(example);
    expect(spec.service).toMatchObject({ deployment: 'go-api', container: 'go-api', health: { target: 'shop', path: '/healthz' } });
    expect(spec.staging).toEqual({ cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' });
    expect(spec.checkpoints.map(({ name, at, steps }) => [name, at, steps.map(({ type }) => type)])).toEqual([
      ['load-and-diagnosis', 'T-72h', ['preflight', 'loadTest', 'diagnosis']],
      ['final-poll', 'T-1h', []],
      ['launch', 'T-0', ['launch', 'guard']],
    ]);
    expect(spec.checkpoints[0]?.steps[1]).toMatchObject({
      name: 'load-test',
      script: 'k6/shop.js',
      target: 'shop-staging',
      maxVus: 400,
      stages: [
        { seconds: 5, ratePerSecond: 300 },
        { seconds: 60, ratePerSecond: 300 },
      ],
      limits: { p99Ms: 300, errorPercent: 0.1, deliveredPercent: 95, endpoints: {} },
      sampleEveryMs: 5_000,
      cpuProfileMs: 10_000,
    });
    expect(spec.checkpoints[1]?.approval).toEqual({
      groups: ['release-managers'],
      count: 2,
      allowRequester: false,
      timeoutMs: 1_800_000,
      onDeadline: 'no-go',
    });
  });

  test('lets a load test name its own script and target', () => {
    const text = withCheckpoints('{ name: load, at: T-2h, steps: [{ type: loadTest, script: k6/own.js, target: own }] }', launch);
    expect(releaseOf(text).spec.checkpoints[0]?.steps[0]).toMatchObject({ script: 'k6/own.js', target: 'own' });
  });

  test('reads every duration, share and time of the file as a number with its unit', () => {
    const text = withCheckpoints(
      `{ name: load, at: T-1h30m, holdDeadline: 2h, approval: { deadline: 45s }, steps: [
        { type: preflight, maxClockSkew: 1.5s },
        { type: loadTest, script: s.js, target: t, stages: [{ duration: 500ms, rate: 7 }], limits: { endpoints: { "GET /a": { p99: 1.5s }, "GET /b": { errorRate: 2% } } } }] }`,
      '{ name: launch, at: T-0, steps: [{ type: launch, timeout: 3m, rollbackWithin: 2m, healthWithin: 30s }, { type: guard, falseAlarm: 2.5% }] }',
    );
    const { spec } = releaseOf(text);
    expect(spec).toMatchObject({ countdownMs: 72 * 3_600_000, launchWindowMs: 1_800_000 });
    expect(spec.checkpoints[0]).toMatchObject({
      at: 'T-1h30m',
      offsetMs: 5_400_000,
      holdTimeoutMs: 7_200_000,
      approval: { timeoutMs: 45_000 },
      steps: [
        { maxClockSkewMs: 1_500 },
        {
          stages: [{ seconds: 0.5, ratePerSecond: 7 }],
          limits: { endpoints: { 'GET /a': { p99Ms: 1_500 }, 'GET /b': { errorPercent: 2 } } },
        },
      ],
    });
    expect(spec.checkpoints[1]?.steps).toMatchObject([
      { timeoutMs: 180_000, rollbackTimeoutMs: 120_000, healthTimeoutMs: 30_000 },
      { intervalMs: 5_000, noDataAfterMs: 20_000, falseAlarmPercent: 2.5, limits: { p99Ms: 300, errorPercent: 0.1 } },
    ]);
  });

  test('is plain JSON, as workflow input must be', () => {
    const release = releaseOf(example);
    expect(JSON.parse(JSON.stringify(release))).toEqual(release);
  });

  test('reads the same with a byte order mark and Windows line ends', () => {
    expect(releaseOf(`\uFEFF${example.replaceAll('\n', '\r\n')}`)).toEqual(releaseOf(example));
  });

  test('moves the first checkpoint of the standard plan when the countdown is shorter, and says so', () => {
    const short = frame.replace('72h', '24h');
    expect(warned(short)).toEqual([
      '7:14 spec.countdown: the standard plan begins at T-72h, but the countdown is 24h long; its first checkpoint moves to T-24h',
    ]);
    expect(releaseOf(short).spec.checkpoints[0]?.at).toBe('T-24h');
  });

  test('cannot have the standard plan in an hour', () => {
    expect(told(frame.replace('72h', '1h'))).toEqual([
      '7:14 spec.countdown: 1h is too short for the standard plan; give it more than 1h, or write your own checkpoints',
    ]);
  });
});

describe('fields', () => {
  test('tells all problems at once, in the order of the file', () => {
    const text = withCheckpoints('{ name: A, at: T-72, steps: [{ type: loadtest }], aproval: {} }', launch).replace('  cluster: lab\n', '');
    expect(told(text)).toEqual([
      '4:1 spec: "cluster" is missing; add cluster: cluster of the live service, from the environment file\'s `clusters`',
      '10:15 spec.checkpoints[0].name: "A" cannot be used as a name; use small letters, digits and hyphens, and start and end with a letter or digit',
      '10:22 spec.checkpoints[0].at: "T-72" has no unit; write a time before launch such as T-72h, T-1h30m or T-0',
      '10:44 spec.checkpoints[0].steps[0].type: "loadtest" is not one of the accepted values; did you mean "loadTest"?',
      '10:57 spec.checkpoints[0].aproval: unknown field "aproval"; did you mean "approval"?',
    ]);
  });

  test.each([
    ['servce', frame.replace('  service:', '  servce:'), '5:3 spec.servce: unknown field "servce"; did you mean "service"?'],
    ['cuntdown', frame.replace('countdown', 'cuntdown'), '7:3 spec.cuntdown: unknown field "cuntdown"; did you mean "countdown"?'],
    ['laod', frame.replace('  load', '  laod'), '8:3 spec.laod: unknown field "laod"; did you mean "load"?'],
    ['scirpt', frame.replace('script', 'scirpt'), '8:11 spec.load.scirpt: unknown field "scirpt"; did you mean "script"?'],
  ])('a misspelt %s is one problem, not also a missing field', (_name, text, sentence) => {
    expect(told(text)).toEqual([sentence]);
  });

  test('lists the fields that are known when none is near', () => {
    expect(told(`${frame}  checks: []\n`)[0]).toMatch(
      /^10:3 spec\.checks: unknown field "checks"; fields here are service, cluster, staging, countdown, /,
    );
  });

  test.each([
    ['registry.local/go-api', 'the image has no tag and no digest'],
    ['registry.local:5000/go-api', 'the image has no tag and no digest'],
    ['go-api:latest', 'the tag "latest" does not identify one image'],
    ['not an image', 'this is not a container image name'],
  ])('refuses the image %s', (image, sentence) => {
    expect(told(frame.replace('registry.local/go-api:sha-91d03ce', image))[0]).toContain(`5:52 spec.service.image: ${sentence}`);
  });

  test.each(['go-api:sha-1', 'registry.local:5000/go-api:1.0', `go-api@sha256:${'a'.repeat(64)}`])('accepts the image %s', (image) => {
    expect(told(frame.replace('registry.local/go-api:sha-91d03ce', image))).toEqual([]);
  });

  test('asks for quotes where YAML reads a name as a number', () => {
    expect(told(frame.replace('name: go-api-1.4.0', 'name: 14'))).toEqual(['3:19 metadata.name: 14 is a number; put it in quotes']);
  });

  test('refuses a quorum of nobody', () => {
    expect(told(frame.replace('groups: [release-managers]', 'groups: [release-managers], count: 0'))).toEqual([
      '9:51 spec.approvers.count: this number is too small; 1 is the minimum',
    ]);
  });

  test('says what an empty value, a list and a text should have been', () => {
    const text = `${frame.replace('countdown: 72h', 'countdown:')}  staging: []\n  allowUnverified: maybe\n`;
    expect(told(text)).toEqual([
      '7:3 spec.countdown: this is empty; give it a value or remove the line',
      '10:3 spec.staging: a list is not accepted here; write a group of fields, each on its own line',
      '11:20 spec.allowUnverified: the text "maybe" is not accepted here; write true or false',
    ]);
  });
});

describe('addresses', () => {
  const withPath = (path: string) => frame.replace('sha-91d03ce" }', `sha-91d03ce", health: { path: ${JSON.stringify(path)} } }`);

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    '//169.254.169.254/x',
    '/\\169.254.169.254/x',
    '/\t/169.254.169.254/x',
    '/\n/h/x',
    '\\\\h\\x',
    'healthz',
    '@h/x',
    '/a b',
    '/x#y',
    '/%\u00a0',
  ])('the health path %j is refused with its place', (path) => {
    expect(told(withPath(path))).toEqual([
      expect.stringMatching(
        /^5:\d+ spec\.service\.health\.path: this is not a path on the host of its target; start it with exactly one "\/"/,
      ),
    ]);
  });

  test.each(['/', '/healthz', '/api/v1/health?full=1', '/health/%20;v=1/~me', '/a//b', '/@h/x'])(
    'the health path %j is accepted',
    (path) => {
      expect(releaseOf(withPath(path)).spec.service.health.path).toBe(path);
    },
  );

  test('no field of a release file is one: with an address in it a field is refused, or is a name that nobody connects to', () => {
    const text = withCheckpoints(
      `{ name: load, at: T-2h, approval: { groups: [sre] }, steps: [{ type: preflight }, { type: loadTest, postgres: p, target: t, script: s.js }, { type: diagnosis, postgres: p, traces: t }] }`,
      launch,
    );
    const file = releaseFileSchema.parse(parse(text));
    const { service, staging } = releaseOf(text).spec;
    const whole = { ...file, spec: { ...file.spec, service, staging } };
    const accepted = new Set<string>();
    const visit = (value: unknown, path: (string | number)[]): void => {
      if (typeof value === 'object' && value !== null) return Object.entries(value).forEach(([key, inner]) => visit(inner, [...path, key]));
      if (typeof value !== 'string') return;
      const copy = structuredClone(whole) as unknown as Record<string, unknown>;
      let at = copy;
      for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
      at[String(path.at(-1))] = 'http://169.254.169.254/x';
      if (told(JSON.stringify(copy)).length === 0) accepted.add(path.filter((key) => Number.isNaN(Number(key))).join('.'));
    };
    visit({ ...whole, spec: { ...whole.spec, notify: ['oncall'], diagnosis: { postgres: 'p', traces: 't' } } }.spec, ['spec']);
    // Groups are compared with those of a token; a script is read by the command line beside the release file.
    expect([...accepted].sort()).toEqual([
      'spec.approvers.groups',
      'spec.checkpoints.approval.groups',
      'spec.checkpoints.steps.script',
      'spec.load.script',
    ]);
  });
});

describe('rules between fields', () => {
  test('countdown and launchAt exclude each other, and one must be there', () => {
    expect(told(`${frame}  launchAt: 2026-11-25T09:00:00Z\n`)).toEqual([
      '10:3 spec.launchAt: "countdown" and "launchAt" are both given; keep one of them',
    ]);
    expect(told(frame.replace('  countdown: 72h\n', ''))).toEqual([
      '4:1 spec: "countdown" or "launchAt" is missing; set the launch time, as countdown: 72h or launchAt: 2026-11-25T09:00:00Z',
    ]);
  });

  test('checkpoints come earliest first and never two at once', () => {
    const poll = (name: string, at: string): string => `{ name: ${name}, at: ${at}, approval: {} }`;
    expect(told(withCheckpoints(poll('a', 'T-1h'), poll('b', 'T-2h'), launch))).toEqual([
      '12:22 spec.checkpoints[1].at: T-2h comes before T-1h, which is above it on line 11; list checkpoints earliest first',
    ]);
    expect(told(withCheckpoints(poll('a', 'T-60m'), poll('b', 'T-1h'), launch))).toEqual([
      '12:22 spec.checkpoints[1].at: two checkpoints are due at T-1h; the other is on line 11; give them different times or merge them',
    ]);
  });

  test('a load test needs a script and a target from somewhere', () => {
    const text = withCheckpoints('{ name: load, at: T-2h, steps: [{ type: loadTest, target: shop }] }', launch).replace(
      / {2}load: .*\n/,
      '',
    );
    expect(told(text)).toEqual([
      '10:39 spec.checkpoints[0].steps[0]: "script" is missing for this load test; add it here, or for all load tests as spec.load.script',
    ]);
  });

  test('a guard stands after the one launch, which is at T-0 and asks nobody afterwards', () => {
    expect(told(withCheckpoints('{ name: launch, at: T-0, steps: [{ type: guard }, { type: launch }] }'))).toEqual([
      '11:40 spec.checkpoints[0].steps[0]: there is no launch before this guard; put the guard directly after the launch it watches',
    ]);
    expect(told(withCheckpoints('{ name: early, at: T-1h, approval: {}, steps: [{ type: launch, name: first }] }', launch))).toEqual([
      '11:26 spec.checkpoints[0].at: a launch at T-1h would come before the launch time; put the launch step into a checkpoint at T-0',
      '11:32 spec.checkpoints[0].approval: this approval would come after the launch, because approvals follow the steps of a checkpoint; move it to an earlier checkpoint',
      '12:40 spec.checkpoints[1].steps[0]: a release is launched only once; the other launch is on line 11; remove one',
    ]);
  });

  test('a release that launches without a guard is refused', () => {
    expect(told(withCheckpoints('{ name: launch, at: T-0, steps: [{ type: launch }] }'))).toEqual([
      '11:40 spec.checkpoints[0].steps[0]: this launch has no guard; add { type: guard } as the next step; it rolls back a version that exceeds its limits',
    ]);
  });

  test.each([
    [
      'a step between launch and guard',
      ['{ name: launch, at: T-0, steps: [{ type: launch }, { type: diagnosis }, { type: guard }] }'],
      '11:79 spec.checkpoints[0].steps[2]',
    ],
    [
      'a checkpoint between launch and guard',
      ['{ name: launch, at: T-0, steps: [{ type: launch }] }', '{ name: watch, at: T-0s, steps: [{ type: guard }] }'],
      '12:40 spec.checkpoints[1].steps[0]',
    ],
  ])('a release with %s is refused', (_what, checkpoints, place) => {
    expect(told(withCheckpoints(...checkpoints))).toContain(
      `${place}: this guard is not the next step after the launch on line 11, so the service is unwatched in between; move it directly after the launch, into the same checkpoint`,
    );
  });

  test('a release with two guards is refused', () => {
    const steps = '[{ type: launch }, { type: guard }, { type: guard, name: again }]';
    expect(told(withCheckpoints(`{ name: launch, at: T-0, steps: ${steps} }`))).toEqual([
      '11:75 spec.checkpoints[0].steps[2]: a launch has exactly one guard; the other guard is on line 11; remove one',
    ]);
  });

  test('warns of a release that never launches', () => {
    expect(warned(withCheckpoints('{ name: poll, at: T-0, approval: {} }'))).toEqual([
      '10:3 spec.checkpoints: no checkpoint has a launch step; add { type: launch } and { type: guard } at T-0 if the release should go live',
    ]);
  });

  test('a checkpoint does something', () => {
    expect(told(withCheckpoints('{ name: idle, at: T-1h }', launch))).toEqual([
      '11:7 spec.checkpoints[0]: this checkpoint has no steps and no approval; add steps or an approval',
    ]);
  });

  test("a guard's times fit each other", () => {
    expect(told(withCheckpoints('{ name: launch, at: T-0, steps: [{ type: launch }, { type: guard, interval: 30s }] }'))).toEqual([
      '11:58 spec.checkpoints[0].steps[1].noDataAfter: data would count as missing between two samples; make noDataAfter at least as long as interval',
    ]);
    const guarded = (fields: string) => withCheckpoints(`{ name: launch, at: T-0, steps: [{ type: launch }, { type: guard, ${fields} }] }`);
    expect(told(guarded('bake: 20m, maxBake: 10m'))).toEqual([
      expect.stringContaining('maxBake: maxBake is shorter than bake; make maxBake at least as long as bake'),
    ]);
    expect(told(guarded('noDataAfter: 20s, liveDeadline: 20s'))).toEqual([
      expect.stringContaining('liveDeadline: the guard would roll back before people are notified of missing data'),
    ]);
  });

  test('the longest watch is three times the bake where it is left out', () => {
    const stepsOf = (fields: string) =>
      releaseOf(withCheckpoints(`{ name: launch, at: T-0, steps: [{ type: launch }, { type: guard, ${fields} }] }`)).spec.checkpoints[0]
        ?.steps[1];
    expect(stepsOf('bake: 2m')).toMatchObject({ bakeMs: 120_000, maxBakeMs: 360_000, liveDeadlineMs: 900_000 });
    expect(stepsOf('bake: 2m, maxBake: 4m')).toMatchObject({ maxBakeMs: 240_000 });
  });

  test('the longest watch is three times the bake where it is left out', () => {
    const stepsOf = (fields: string) =>
      releaseOf(withCheckpoints(`{ name: launch, at: T-0, steps: [{ type: launch }, { type: guard, ${fields} }] }`)).spec.checkpoints[0]
        ?.steps[1];
    expect(stepsOf('bake: 2m')).toMatchObject({ bakeMs: 120_000, maxBakeMs: 360_000, liveDeadlineMs: 900_000 });
    expect(stepsOf('bake: 2m, maxBake: 4m')).toMatchObject({ maxBakeMs: 240_000 });
  });
});

describe('hostile YAML', () => {
  test.each([
    ['a field given twice', 'kind: Release\nkind: Release\n', '2:1 kind: "kind" is given twice; the first one is on line 1'],
    [
      'a field called __proto__',
      'spec:\n  __proto__: { polluted: true }\n',
      '2:3 spec.__proto__: a field cannot be called "__proto__"; remove it',
    ],
    ['a tag', 'kind: !!js/function x\n', '1:7 YAML tags are not supported; remove the word that starts with "!"'],
    ['an alias of nothing', 'kind: *nope\n', '1:7 kind: there is no anchor "&nope" before this alias; write the value'],
    ['several documents', 'kind: Release\n---\nkind: Release\n', '2:1 a second document begins here; keep one document in one file'],
    ['a group as a name', '? [a]\n: b\n', '1:3 the name of a field must be text; put it in quotes'],
    ['an open quote', 'kind: "Release\n', '2:1 a character is missing here; check for a missing colon, comma, quote or bracket'],
    ['brackets in brackets', '['.repeat(5_000), '1:34 more than 32 levels are nested in each other here; no field lies that deep'],
    ['lists in lists', '- '.repeat(5_000), '1:67 more than 32 levels are nested in each other here; no field lies that deep'],
    [
      'a flood of signs',
      '- []\n'.repeat(150_000),
      '1:1 the file has too many tokens; a release has about a thousand; is this the right file?',
    ],
    [
      'nothing but comments',
      '# later\n',
      '1:1 the file holds nothing but comments; write one with `tminus init`, or begin with apiVersion and kind',
    ],
    ['a list', '- a\n', '1:1 this is a list, not a release; a release file starts with apiVersion: tminus.dev/v1alpha1 and kind: Release'],
  ])('refuses %s', (_name, text, sentence) => {
    expect(told(text)).toEqual([sentence]);
  });

  test('pollutes no prototype', () => {
    loadRelease('{ "__proto__": { "polluted": true }, constructor: { prototype: { polluted: true } } }', 'r.yaml');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('accepts the few aliases that people write', () => {
    const text = withCheckpoints(
      '{ name: a, at: T-2h, steps: [{ type: loadTest, name: one, limits: &limits { p99: 250ms } }] }',
      '{ name: b, at: T-1h, steps: [{ type: loadTest, name: two, limits: *limits }] }',
      launch,
    );
    expect(releaseOf(text).spec.checkpoints[1]?.steps[0]).toMatchObject({ limits: { p99Ms: 250 } });
  });

  test('prints no control characters of the file', () => {
    const loaded = loadRelease('kind: "a\\e[2Jb"\n\u001b[2J: 1\n', 'r.yaml');
    const printed = loaded.ok ? '' : loaded.problems.map(({ text }) => text).join('\n');
    expect(printed).not.toBe('');
    expect(printed).not.toContain('\u001b');
  });

  test('tells of a misspelt type of a step, whose schema is then unknown', () => {
    const [problem, ...more] = told(withCheckpoints('{ name: launch, at: T-0, steps: [{ type: launch }, { ype: guard }] }'));
    expect(problem).toMatch(/unknown field "ype"; did you mean "type"\?$/);
    expect(more).toEqual([]);
  });

  test('tells at most fifty problems', () => {
    const fields = Array.from({ length: 200 }, (_, index) => `  unknown${index}: 1\n`).join('');
    const problems = told(frame + fields);
    expect(problems).toHaveLength(50);
    expect(problems.at(-1)).toMatch(/and 151 more problems from here on; fix the problems above and check again$/);
  });
});

describe('whatever the text is', () => {
  /**
   * A text that occupies the server for so long hangs it: the worst found by hand takes 0.2 s, 1.1 s on a busy machine, and what grows with its
   * square minutes.
   */
  const HANGS_AFTER_MS = 10_000;
  const bounded = (text: string): void => {
    const startMs = performance.now();
    const loaded = loadRelease(text, 'r.yaml');
    if (!loaded.ok) loaded.problems.map(({ text }) => text);
    const tookMs = performance.now() - startMs;
    if (tookMs > HANGS_AFTER_MS) throw new Error(`took ${tookMs} ms`);
    if (!loaded.ok && loaded.problems.length === 0) throw new Error('refused without saying why');
  };
  const signs = fc.constantFrom(
    ...'abT-0:,[]{}&*!|>?#%@`"\'\\ \t\n\r\u0000\uFEFF'.split(''),
    '- ',
    ': ',
    '\n  ',
    '&a ',
    '*a',
    '!!str ',
    '<<: ',
    '__proto__',
    'spec',
    '---\n',
    '...\n',
  );

  test('loadRelease neither throws nor hangs: any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), bounded), { numRuns: 300 });
  });

  test('loadRelease neither throws nor hangs: signs of YAML', () => {
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 80 }), (parts) => bounded(parts.join(''))),
      { numRuns: 1_000 },
    );
  });

  test('loadRelease neither throws nor hangs: an honest file with a piece replaced', () => {
    const base = withCheckpoints(
      '{ name: load, at: T-2h, steps: [{ type: loadTest, limits: { p99: 1s } }], approval: { count: 1 } }',
      launch,
    );
    const edit = fc.tuple(fc.nat(base.length), fc.nat(30), fc.array(signs, { maxLength: 10 }));
    fc.assert(
      fc.property(edit, ([from, length, parts]) => bounded(base.slice(0, from) + parts.join('') + base.slice(from + length))),
      { numRuns: 500 },
    );
  });

  test('loadRelease neither throws nor hangs: any JSON value in any place', () => {
    const place = fc.constantFrom('spec', 'kind', 'metadata', 'service', 'image', 'checkpoints', 'steps', 'approval', 'limits', 'at');
    fc.assert(
      fc.property(place, fc.json({ maxDepth: 4 }), (field, json) => {
        const base = JSON.parse(JSON.stringify(releaseOf(withCheckpoints(launch)))) as object;
        bounded(JSON.stringify(base, (key, value: unknown) => (key === field ? (JSON.parse(json) as unknown) : value)));
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['many fields', Array.from({ length: 100_000 }, (_, index) => `k${index}: 1\n`).join('')],
    ['as many fields as are read', Array.from({ length: 2_800 }, (_, index) => `k${index}: 1\n`).join('')],
    ['open brackets', '['.repeat(990_000)],
    ['one long escape', `"${'\\u0041'.repeat(160_000)}`],
    ['one long word', 'a'.repeat(990_000)],
    ['one long name', frame.replace('go-api-1.4.0', 'a.'.repeat(490_000))],
    ['one long text block', `a: |\n${' x\n'.repeat(300_000)}`],
    ['many anchors', '&a '.repeat(9_000)],
    ['many aliases', `a: &a 1\nb: [${'*a,'.repeat(9_000)}]`],
  ])('loadRelease does not hang on %s', (_name, text) => {
    expect(() => bounded(text)).not.toThrow();
  });
});
