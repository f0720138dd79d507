// The alert rules by Prometheus' own unit tests: each alert is shown to fire, and to be quiet before its time.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';

const folder = resolve(import.meta.dirname, '../../deploy/prometheus');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Rules {
  groups: { rules: { alert: string }[] }[];
}
interface Tests {
  tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
}

function promtool(): string {
  const program = process.env['TMINUS_TOOL_PROMTOOL'];
  if (!program) throw new Error('TMINUS_TOOL_PROMTOOL names no promtool: `./scripts/lab tool promtool` builds one');
  return program;
}

it('fires each alert when it should, and not before', () => {
  const output = execFileSync(promtool(), ['test', 'rules', join(folder, 'tminus-alerts.test.yaml')], { encoding: 'utf8' });
  expect(output).toContain('SUCCESS');
});

it('has a case in which each alert fires, and one in which it is quiet', () => {
  const alerts = (parse(read('tminus-alerts.yaml')) as Rules).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  const cases = (parse(read('tminus-alerts.test.yaml')) as Tests).tests.flatMap((each) => each.alert_rule_test);
  const named = (fires: boolean) =>
    new Set(cases.filter(({ exp_alerts }) => (exp_alerts !== undefined) === fires).map(({ alertname }) => alertname));
  expect(alerts.filter((alert) => !named(true).has(alert))).toEqual([]);
  expect(alerts.filter((alert) => !named(false).has(alert))).toEqual([]);
});

it.each([
  ['is never late enough', '> 45', '> 4500'],
  ['fires at once', 'for: 15s', 'for: 0s'],
])('notices a rule that %s', (_, was, is) => {
  const copy = mkdtempSync(join(tmpdir(), 'tminus-rules-'));
  cpSync(folder, copy, { recursive: true });
  writeFileSync(join(copy, 'tminus-alerts.yaml'), read('tminus-alerts.yaml').replace(was, is));
  expect(spawnSync(promtool(), ['test', 'rules', join(copy, 'tminus-alerts.test.yaml')]).status).toBe(1);
  rmSync(copy, { recursive: true, force: true });
});
