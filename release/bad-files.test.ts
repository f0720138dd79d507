// Files that people write by mistake: each is refused at its line and column with one clear sentence.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRelease } from './load.ts';

const head = 'apiVersion: tminus.dev/v1alpha1\nkind: Release\nmetadata: { name: go-api }\n';
/** Nine names, each nine times the one before: 9^9 values in 400 bytes. */
const aliasBomb =
  `${head}spec:\n  a: &a [x, x, x, x, x, x, x, x, x]\n` +
  Array.from(
    'bcdefghi',
    (name, index) => `  ${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[index]}`).join(', ')}]\n`,
  ).join('');

const badFiles: [name: string, text: string, printed: string][] = [
  [
    'an unknown field',
    fixture('unknown-field'),
    `release.yaml:17:11 spec.checkpoints[0].steps[1].limts: unknown field "limts"; did you mean "limits"?
   17 |           limts: { p99: 300ms }
      |           ^`,
  ],
  [
    'wrong units',
    fixture('wrong-unit'),
    `release.yaml:17:18 spec.checkpoints[0].steps[0].limits.p99: "300msec" has an unknown unit "msec"; write a duration such as 300ms, 90s, 30m, 6h or 3d
   17 |             p99: 300msec
      |                  ^
release.yaml:18:24 spec.checkpoints[0].steps[0].limits.errorRate: "0.1" has no unit; write a share such as 0.1% or 95%
   18 |             errorRate: 0.1
      |                        ^`,
  ],
  [
    'a missing service',
    fixture('missing-service'),
    `release.yaml:5:1 spec: "service" is missing; add service: the service that goes live, and the candidate image
    5 | spec:
      | ^`,
  ],
  [
    'a launch time without zone',
    fixture('bad-time'),
    `release.yaml:8:13 spec.launchAt: "2026-11-25T09:00:00" has no time zone; write a time with its zone such as 2026-11-25T09:00:00Z or 2026-11-25T17:00:00+08:00
    8 |   launchAt: 2026-11-25T09:00:00
      |             ^`,
  ],
  [
    'two checkpoints of one name',
    fixture('duplicate-checkpoint'),
    `release.yaml:15:13 spec.checkpoints[1].name: two checkpoints are named "rehearse"; the other is on line 12; give this one another name
   15 |     - name: rehearse
      |             ^`,
  ],
  [
    'an alias bomb',
    aliasBomb,
    `release.yaml:6:10 this alias expands too much; write the fields instead of repeating anchors
    6 |   b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
      |          ^`,
  ],
  [
    'a file of 10 MB',
    `${head}# ${'x'.repeat(10_000_000)}\n`,
    'release.yaml:1:1 the file is 10.0 MB; the maximum is 1 MB, and a release needs a few kB; is this the right file?',
  ],
  [
    'a tab as indentation',
    fixture('tabs'),
    `release.yaml:8:1 a tab is used to indent; indent with spaces; YAML does not allow tabs
    8 |  countdown: 72h
      | ^`,
  ],
  [
    'an empty file',
    fixture('empty'),
    'release.yaml:1:1 the file is empty; write one with `tminus init`, or begin with apiVersion and kind',
  ],
  [
    'a file of another kind',
    fixture('wrong-kind'),
    `release.yaml:2:7 kind: this file is of kind "Deployment", not Release; a release file starts with apiVersion: tminus.dev/v1alpha1 and kind: Release
    2 | kind: Deployment
      |       ^`,
  ],
  [
    'a checkpoint earlier than the start of the countdown',
    fixture('unreachable-checkpoint'),
    `release.yaml:13:11 spec.checkpoints[0].at: T-72h is never reached because the countdown is only 24h long; make the countdown longer or move the checkpoint closer to the launch
   13 |       at: T-72h
      |           ^`,
  ],
  [
    'two steps of one name',
    fixture('two-steps-of-one-name'),
    `release.yaml:17:11 spec.checkpoints[0].steps[2]: two steps are named "load-test"; the other is on line 16; give this one another name
   17 |         - type: loadTest
      |           ^`,
  ],
  [
    'a launch without a guard',
    fixture('launch-without-guard'),
    `release.yaml:18:11 spec.checkpoints[1].steps[0]: this launch has no guard; add { type: guard } as the next step; it rolls back a version that exceeds its limits
   18 |         - type: launch
      |           ^`,
  ],
  [
    'a step between launch and guard',
    fixture('step-before-the-guard'),
    `release.yaml:17:11 spec.checkpoints[0].steps[2]: this guard is not the next step after the launch on line 15, so the service is unwatched in between; move it directly after the launch, into the same checkpoint
   17 |         - type: guard
      |           ^`,
  ],
  [
    'two guards',
    fixture('two-guards'),
    `release.yaml:17:11 spec.checkpoints[0].steps[2]: a launch has exactly one guard; the other guard is on line 16; remove one
   17 |         - type: guard
      |           ^`,
  ],
];

test.each(badFiles)('refuses %s and says where and what to do', (_name, text, printed) => {
  const loaded = loadRelease(text, 'release.yaml');
  expect(loaded.ok ? 'accepted' : loaded.problems.map(({ text }) => text).join('\n')).toBe(printed);
});

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, 'bad-files', `${name}.yaml`), 'utf8');
}
