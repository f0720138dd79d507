// Durations of Prometheus and Alertmanager: `5m`, `1h30m`, `2w`. Units come in descending order, each once.
const unitMs = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds of a duration as model.ParseDuration of prometheus/common reads it; null for any other text. */
export function prometheusDurationMs(text: string): number | null {
  if (text === '0') return 0;
  const parts = text === '' ? null : PATTERN.exec(text);
  if (parts === null) return null;
  return Object.values(unitMs).reduce((sum, unit, index) => sum + Number(parts[index + 1] ?? 0) * unit, 0);
}
