const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A Go duration of one number and one unit, as Tminus writes them; null for anything else. */
export function parseDuration(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(-?\d+)(ms|s|m|h)$/u.exec(value) : null;
  return match === null ? null : Number(match[1]) * (UNITS_MS[match[2] ?? ''] ?? 0);
}
