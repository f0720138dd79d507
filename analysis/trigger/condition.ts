// What a watch of a trigger asks, in numbers. The trigger is that of the release file; analysis knows no release.

interface SampledCondition {
  name: string;
  intervalMs: number;
  noDataAfterMs: number;
}

export interface MetricsCondition extends SampledCondition {
  type: 'metrics';
  metric: string;
  minRatePerSecond: number;
  /** 0-100. */
  maxErrorPercent: number;
  /** 0-100, over the whole watch. */
  falseAlarmPercent: number;
  windowMs: number;
}

export interface LogCondition extends SampledCondition {
  type: 'log';
  /** Part of a line; `*` stands for any characters. */
  text: string;
  perMinute: number;
}

export interface AlertCondition extends SampledCondition {
  type: 'alert';
  alert: string;
  labels: Readonly<Record<string, string>>;
  alertmanager: string;
}

export type TriggerCondition = MetricsCondition | LogCondition | AlertCondition;

export interface TriggerWatch {
  trigger: TriggerCondition;
  /** `deployment shop/go-api`. */
  subject: string;
  /** Of the Deployment: an alert that names another namespace is another service's. */
  namespace: string;
  until: 'fires' | 'clears';
  /** Only data after it count, ms since 1970; null: after the first sample. */
  sinceMs: number | null;
  /** How long the condition must have been false; `clears` only. */
  forMs: number;
  timeoutMs: number;
}
