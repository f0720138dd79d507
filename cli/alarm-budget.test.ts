import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { tminus, type Ran } from './testing/tminus-process.ts';

const root = resolve(import.meta.dirname, '..');
const EXAMPLE = ['--rules', 'lab/example/alerts.yaml', '--alertmanager', 'lab/example/alertmanager.yaml'];
const budget = (...argv: string[]): Promise<Ran> => tminus(['alarms', 'budget', ...argv], { cwd: root });

/** Runs with these texts as files; their names stand in the sentences. */
async function withFiles(files: Record<string, string>, argv: readonly string[]): Promise<Ran> {
  const cwd = mkdtempSync(join(tmpdir(), 'tminus-alarms-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const ran = await tminus(['alarms', 'budget', ...argv], { cwd });
  rmSync(cwd, { recursive: true });
  return ran;
}

const alertmanager = 'route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: "http://127.0.0.1:1"}]}]\n';
const rules = 'groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: rate(a_total[1m]) > 10\n';
const FILES = ['--rules', 'rules.yaml', '--alertmanager', 'alertmanager.yaml'];

describe('tminus alarms budget', () => {
  it('prints the output in docs/explanation/alarm-budget.md', async () => {
    const page = readFileSync(join(root, 'docs/explanation/alarm-budget.md'), 'utf8');
    const shown = [...page.matchAll(/```sh\ntminus (.*)\n```\n\n```text\n([^`]*)```/g)];
    expect(shown).toHaveLength(2);
    for (const [, command = '', output] of shown) expect((await tminus(command.split(' '), { cwd: root })).stdout).toBe(output);
  });

  it('ends with 3 for an alert that is too slow, 0 for one in time, 5 for one that cannot be computed', async () => {
    const exit = async (...argv: string[]) => (await budget(...EXAMPLE, '--scrape-interval', '15s', ...argv)).code;
    expect(await exit()).toBe(3);
    expect(await exit('--rule', 'HighErrorRate1m')).toBe(0);
    const files = { 'rules.yaml': rules.replace('rate(a_total[1m]) > 10', 'up == 0'), 'alertmanager.yaml': alertmanager };
    expect((await withFiles(files, FILES)).code).toBe(5);
  });

  it('prints one JSON document with the assumptions and each link', async () => {
    const { stdout } = await budget(
      ...EXAMPLE,
      '--rule',
      'HighErrorRate1m',
      '--scrape-interval',
      '30s',
      'zap_error_total=5s',
      '-o',
      'json',
    );
    const list = JSON.parse(stdout) as { items: { budget: { routes: { latestMs: number; links: { name: string }[] }[] } }[] };
    expect(list).toMatchObject({
      kind: 'AlarmBudgetList',
      assumptions: { scrapeMs: 30_000, scrapeMsOf: { zap_error_total: 5_000 }, surge: { perSecond: 50 } },
      items: [{ alert: 'HighErrorRate1m', file: 'lab/example/alerts.yaml', finding: { code: 'AlarmWithinBudget' } }],
    });
    expect(list.items[0]?.budget.routes[0]).toMatchObject({ receiver: 'oncall', earliestMs: 11_000, latestMs: 22_000 });
  });

  it('accepts a surge as a share of the traffic', async () => {
    const { stdout } = await budget(
      ...EXAMPLE,
      '--rule',
      'HighErrorRate5m',
      '--surge',
      '5%',
      '--traffic',
      '1000/s',
      '--scrape-interval',
      '15s',
    );
    expect(stdout).toContain('window fill           57         57');
    expect(stdout).toContain('Assumed: 5 % of the traffic of 1,000 requests/s');
  });

  it('reads PrometheusRule objects, several documents in one file', async () => {
    const object = (name: string) =>
      `kind: PrometheusRule\nspec:\n  groups:\n    - name: g\n      rules: [{alert: ${name}, expr: 'rate(a_total[1m]) > 10'}]\n`;
    const files = { 'rules.yaml': `${object('A')}---\n${object('B')}`, 'alertmanager.yaml': alertmanager };
    const { stdout, code } = await withFiles(files, [...FILES, '--limit', '3m', '--scrape-interval', '15s']);
    expect(stdout).toContain('A   rules.yaml:5');
    expect(stdout).toContain('B   rules.yaml:11');
    expect(code).toBe(0);
  });

  it('prints line, column and hint of every problem', async () => {
    const files = { 'rules.yaml': rules.replace('expr:', 'expression:'), 'alertmanager.yaml': alertmanager };
    const { code, stderr } = await withFiles(files, FILES);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'rules.yaml:5:9 groups[0].rules[0].expression: unknown field "expression"; fields here: record, alert, expr, for',
    );
    expect(stderr).toContain('rules.yaml:4:9 groups[0].rules[0]: expr is missing');
    expect(stderr).toContain('    5 |         expression: rate(a_total[1m]) > 10');
  });

  it.each([
    [
      'alertmanager.yaml',
      'kind: AlertmanagerConfig\nspec: {}\n',
      'alertmanager.yaml:1:7 kind: an AlertmanagerConfig object is only a part of the configuration',
    ],
    [
      'alertmanager.yaml',
      alertmanager.replace('receiver: a', 'receiver: b'),
      'alertmanager.yaml:1:19 route.receiver: there is no receiver "b"; receivers: a',
    ],
    ['alertmanager.yaml', `${alertmanager}---\n${alertmanager}`, 'a second document begins here'],
    ['rules.yaml', '', 'the file is empty; a rule file begins with groups:'],
    ['rules.yaml', 'groups: [', 'rules.yaml:1:10'],
    ['rules.yaml', 'groups: []', 'rules.yaml has no alerting rule'],
    ['rules.yaml', 'kind: ConfigMap\n', 'an object of kind "ConfigMap" holds no alerting rules'],
  ])('refuses %s: %j', async (name, text, sentence) => {
    const { code, stderr } = await withFiles({ 'rules.yaml': rules, 'alertmanager.yaml': alertmanager, [name]: text }, FILES);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
  });

  it.each([
    [['--surge', '50'], 'write a rate above 0 such as 50/s'],
    [['--surge', '0/s'], 'write a rate above 0 such as 50/s'],
    [['--traffic', '5%'], 'write a rate above 0 such as 50/s'],
    [['--scrape-interval', '0s'], 'it has to be longer than 0'],
    [['--label', 'team'], 'write a label such as team=shop'],
    [['--rule', 'HighErrorRate5'], 'did you mean HighErrorRate5m?'],
    [['--rule', 'Other'], 'alerts: HighErrorRate5m, HighErrorRate1m'],
    [['--rules', 'none.yaml'], 'none.yaml not found'],
  ])('refuses %j with a hint', async (argv, sentence) => {
    const { code, stderr } = await budget(...EXAMPLE, ...argv);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
  });
});
