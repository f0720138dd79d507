// Document of `tminus alarms budget -o json`.
import type { AlertmanagerConfig } from '../../analysis/alarm/alertmanager.ts';
import { alarmBudget, type AlarmBudget, type Assumptions } from '../../analysis/alarm/budget.ts';
import { judgeAlarm } from '../../analysis/alarm/judge.ts';
import type { Finding } from '../../verdict/finding.ts';
import { API_VERSION } from '../../release/release.ts';
import type { FileRule } from './load.ts';

export interface AlarmBudgetItem {
  alert: string;
  file: string;
  /** From 1. */
  line: number;
  expression: string;
  forMs: number;
  budget: AlarmBudget;
  finding: Finding;
}

export interface AlarmBudgetList {
  apiVersion: string;
  kind: 'AlarmBudgetList';
  limitMs: number;
  assumptions: Assumptions;
  items: AlarmBudgetItem[];
}

/** The budget of each rule, judged. */
export function budgetList(
  rules: readonly FileRule[],
  config: AlertmanagerConfig,
  assumptions: Assumptions,
  limitMs: number,
): AlarmBudgetList {
  const items = rules.map(({ rule, file, line }): AlarmBudgetItem => {
    const budget = alarmBudget(rule, config, assumptions);
    const { name: alert, expression, forMs } = rule;
    return { alert, file, line, expression, forMs, budget, finding: judgeAlarm(alert, budget, limitMs) };
  });
  return { apiVersion: API_VERSION, kind: 'AlarmBudgetList', limitMs, assumptions, items };
}
