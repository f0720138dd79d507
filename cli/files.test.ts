import { expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { against, PATH } from './testing/against.ts';
import { refusal, type Answer } from './testing/fake-server.ts';
import { NAME } from '../workflows/testing/example-status.ts';
import { tminus } from './testing/tminus-process.ts';

const root = resolve(import.meta.dirname, '..');
const example = join(root, 'lab/example/release.yaml');
const folder = (): string => mkdtempSync(join(tmpdir(), 'tminus-cli-'));

it('writes a valid release file and environment file, and never overwrites existing ones', async () => {
  const cwd = folder();
  expect(await tminus(['init'], { cwd })).toEqual({
    code: 0,
    stdout:
      'release.yaml written\n.tminus/environment.yaml written\nNext:  edit them, write the k6 script k6/load.js, then tminus validate release.yaml .tminus/environment.yaml\n',
    stderr: '',
  });
  mkdirSync(join(cwd, 'k6'));
  writeFileSync(join(cwd, 'k6/load.js'), 'export default function () {}');
  expect(await tminus(['validate', 'release.yaml', '.tminus/environment.yaml'], { cwd })).toEqual({
    code: 0,
    stdout: 'release.yaml: Release my-service-1.0.0 is valid\n.tminus/environment.yaml: Environment is valid\n',
    stderr: '',
  });
  // What it offers for a trial alone is valid, too.
  const template = readFileSync(join(cwd, 'release.yaml'), 'utf8');
  expect(template).toContain('.tminus/identity/tokens.yaml');
  const trial = template.replace(/^ {2}approvers: .*\n/m, '').replace('  # approvers: ', '  approvers: ');
  expect(trial).not.toBe(template);
  writeFileSync(join(cwd, 'release.yaml'), trial);
  expect((await tminus(['validate', 'release.yaml', '.tminus/environment.yaml'], { cwd })).code).toBe(0);
  writeFileSync(join(cwd, 'release.yaml'), 'mine');
  expect(await tminus(['init'], { cwd })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'release.yaml already exists; it was not changed\n  use another name: tminus init FILE\n',
  });
  expect(readFileSync(join(cwd, 'release.yaml'), 'utf8')).toBe('mine');
  writeFileSync(join(cwd, '.tminus/environment.yaml'), 'ours');
  expect((await tminus(['init', 'second.yaml'], { cwd })).stdout).toBe(
    'second.yaml written\nNext:  edit it, write the k6 script k6/load.js, then tminus validate second.yaml\n',
  );
  expect(readFileSync(join(cwd, '.tminus/environment.yaml'), 'utf8')).toBe('ours');
});

it('checks several files at once and exits 2 with the position of each problem', async () => {
  const bad = join(root, 'release/bad-files/unknown-field.yaml');
  const { code, stdout, stderr } = await tminus(['validate', example, bad, '/nowhere.yaml']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: `${example}: Release go-api-1.4.0 is valid\n` });
  expect(stderr).toMatch(/unknown-field\.yaml:\d+:\d+ /);
  expect(stderr).toContain('/nowhere.yaml not found');
  const json = JSON.parse((await tminus(['validate', example, bad, '--json'])).stdout) as {
    items: { outcome: string; problems: unknown[] }[];
  };
  expect(json.items.map(({ outcome }) => outcome)).toEqual(['valid', 'invalid']);
  expect(json.items[1]?.problems[0]).toEqual({
    file: bad,
    line: expect.any(Number),
    column: expect.any(Number),
    path: expect.stringMatching(/^spec\./),
    message: expect.stringContaining('unknown field'),
    hint: expect.any(String),
    text: expect.stringContaining(`${bad}:`),
  });
  expect(JSON.parse((await tminus(['start', bad, '--json'])).stdout)).toMatchObject({
    kind: 'Error',
    code: 'InvalidRelease',
    docs: 'docs/reference/release-file.md',
    problems: [{ file: bad, line: expect.any(Number) }],
  });
});

it('checks a release against the given environment file for everything that a start would refuse', async () => {
  const cwd = folder();
  await tminus(['init'], { cwd });
  const text = readFileSync(join(cwd, 'release.yaml'), 'utf8')
    .replace('countdown: 72h ', 'launchAt: 2020-11-25T09:00:00Z ')
    .replace('target: staging }', 'target: stagign }')
    .replace('cluster: prod ', 'cluster: prdo ')
    .replace('namespace: prod', 'namespace: shop');
  const more =
    '  notify: [oncall]\n  diagnosis: { postgres: shop, traces: lab }\n  checkpoints:\n    - { name: now, at: T-0, steps: [{ type: loadTest }, { type: diagnosis }, { type: launch }, { type: guard }] }\n';
  writeFileSync(join(cwd, 'release.yaml'), `${text}${more}`);
  const validate = async (...files: string[]) => {
    const { code, stdout, stderr } = await tminus(['validate', ...files], { cwd });
    return { code, stdout, lines: stderr.split('\n').filter((line) => line.startsWith('release.yaml') || line.startsWith('names')) };
  };
  expect(await validate('release.yaml', '.tminus/environment.yaml')).toEqual({
    code: 2,
    stdout: '.tminus/environment.yaml: Environment is valid\n',
    lines: [
      'release.yaml:8:43 spec.service.namespace: the environment file has no target "shop"; it has prod, staging; add it to spec.targets there',
      'release.yaml:9:12 spec.cluster: the environment file has no cluster "prdo"; did you mean "prod"?',
      'release.yaml:10:13 spec.launchAt: the launch time 2020-11-25 09:00 UTC is in the past; choose a later launch time',
      'release.yaml:11:19 spec.load.script: the k6 script k6/load.js does not exist; its path is relative to the release file',
      'release.yaml:11:39 spec.load.target: the environment file has no target "stagign"; did you mean "staging"?',
      'release.yaml:16:12 spec.notify[0]: the environment file has no notification target "oncall"; it has none; add it to spec.notify there, or leave it out',
      'release.yaml:17:26 spec.diagnosis.postgres: the environment file has no database "shop"; it has none; add it to spec.postgres there, or leave it out',
      'release.yaml:17:40 spec.diagnosis.traces: the environment file has no trace store "lab"; it has none; add it to spec.traces there, or leave it out',
      'release.yaml:19:7 spec.checkpoints[0]: no approval comes before the launch in "now"; give an earlier checkpoint an approval, or set spec.start.unapprovedLaunch in the environment file',
    ],
  });
  // Without an environment file.
  expect((await validate('release.yaml')).lines).toEqual([
    'names were not checked; add the environment file: tminus validate release.yaml .tminus/environment.yaml',
    expect.stringContaining('spec.launchAt: the launch time'),
    expect.stringContaining('spec.load.script: the k6 script k6/load.js does not exist'),
  ]);
  const alone = await tminus(['validate', example]);
  expect(alone).toEqual({
    code: 0,
    stdout: `${example}: Release go-api-1.4.0 is valid\n`,
    stderr: `names were not checked; add the environment file: tminus validate ${example} .tminus/environment.yaml\n`,
  });
});

it('prints the commands that show and end the countdown if a start gets no response, and does not wait twice', async () => {
  const start = (answer: Answer) => against({ 'POST /api/v1/countdowns': answer }, ['start', example]);
  const unknown = await start(refusal(504, 'OutcomeUnknown', 'go-api-1.4.0 was handed over', '`tminus status go-api-1.4.0 --watch`'));
  expect(unknown.server.asked).toHaveLength(1);
  expect(unknown).toMatchObject({ code: 1, stderr: 'go-api-1.4.0 was handed over\n  `tminus status go-api-1.4.0 --watch`\n' });
  const lost = await start('lost');
  expect(lost.server.asked).toHaveLength(3);
  expect(lost.stderr).toMatch(
    /did not respond: .*\n {2}go-api-1.4.0 may have begun: `tminus status go-api-1.4.0 --watch` shows it, `tminus abort go-api-1.4.0` ends it\n$/,
  );
});

it('prints the JSON Schemas for editors', async () => {
  for (const kind of ['release', 'environment'])
    expect(JSON.parse((await tminus(['schema', kind])).stdout)).toMatchObject({ $schema: expect.stringContaining('json-schema.org') });
});

it('sends the file and its scripts unchanged', async () => {
  const plan = {
    apiVersion: 'tminus.dev/v1alpha1',
    kind: 'ReleasePlan',
    metadata: { name: NAME },
    started: 'started',
    launchAt: '2126-11-24T09:00:00.000Z',
    checkpoints: [{ name: 'final-poll', at: '2126-11-24T08:00:00.000Z' }],
    links: { page: 'http://tminus.example/r/x' },
  };
  const { code, stdout, server } = await against({ 'POST /api/v1/countdowns': { status: 201, body: plan } }, [
    'start',
    example,
    '--launch-at',
    '2126-11-24T09:00:00Z',
    '-m',
    'the payment change',
  ]);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^started {3}go-api-1.4.0 {3}launch 2126-11-24 09:00 UTC \(in .*\)\n {2}final-poll {2}2126-11-24 08:00 UTC \(in .*\)\npage {3}http:\/\/tminus.example\/r\/x\nNext: {2}tminus status go-api-1.4.0 --watch\n$/,
  );
  expect(server.asked[0]?.body).toEqual({
    file: readFileSync(example, 'utf8'),
    fileName: 'release.yaml',
    scripts: { 'k6/shop.js': readFileSync(join(root, 'lab/example/k6/shop.js'), 'utf8') },
    dryRun: false,
    launchAt: '2126-11-24T09:00:00.000Z',
    comment: 'the payment change',
  });
  const again = await against({ 'POST /api/v1/countdowns': { body: { ...plan, started: 'already-running' } } }, ['start', example]);
  expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^already running, not started again {3}go-api-1.4.0 /) });
});

it('prints the problems of a file without a token or a server, and sends nothing', async () => {
  const cwd = folder();
  const text = readFileSync(example, 'utf8');
  const release = (script: string): void => writeFileSync(join(cwd, 'release.yaml'), text.replace('k6/shop.js', script));
  const start = () => tminus(['start', 'release.yaml'], { cwd, env: { TMINUS_TOKEN: '' } });
  release('load.js');
  expect(await start()).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(
      /^release.yaml:11:19 spec.load.script: the k6 script load.js does not exist; its path is relative to the release file\n/,
    ),
  });
  symlinkSync('/etc/hostname', join(cwd, 'load.js'));
  expect(await start()).toMatchObject({ code: 2, stderr: expect.stringContaining('is outside the folder of the release file') });
  writeFileSync(join(cwd, 'big.js'), 'x'.repeat(600_000));
  release('big.js');
  expect(await start()).toMatchObject({ code: 2, stderr: expect.stringContaining('is 600 kB; 512 KiB is the maximum') });
  writeFileSync(join(cwd, 'small.js'), 'x');
  release('small.js');
  expect(await start()).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no token: neither in TMINUS_TOKEN nor in .tminus/token'),
  });
});

it('writes the report to the given file', async () => {
  const file = join(folder(), 'report.html');
  const { server, ...ran } = await against({ [`GET ${PATH}/report`]: { text: '<!doctype html>' } }, ['report', NAME, '--html', file]);
  expect(ran).toEqual({ code: 0, stdout: `${file} written, 15 bytes; it opens without network\n`, stderr: '' });
  expect(readFileSync(file, 'utf8')).toBe('<!doctype html>');
  const nowhere = await tminus(['report', NAME, '--html', '/nowhere/report.html'], { server: server.url });
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file or directory') });
  expect(nowhere.stderr).not.toContain('bug');
});
