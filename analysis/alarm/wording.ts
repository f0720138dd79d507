// Numbers of the alarm budget as text.

/** `57 s`, `0.5 s`: seconds to a tenth. */
export const secondsText = (ms: number): string => `${numberText(Math.round(ms / 100) / 10)} s`;

/** `50`, `2,850`, `0.05`: four significant digits, more only for whole numbers. */
export const numberText = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toPrecision(4)));

/** `15s`, `2m`, `1h30m`, as Prometheus writes durations. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  const parts = (
    [
      ['h', 3_600_000],
      ['m', 60_000],
      ['s', 1_000],
      ['ms', 1],
    ] as const
  ).reduce<{ text: string; rest: number }>(
    ({ text, rest }, [unit, size]) => {
      const count = Math.floor(rest / size);
      return { text: count > 0 ? `${text}${count}${unit}` : text, rest: rest - count * size };
    },
    { text: '', rest: Math.round(ms) },
  );
  return parts.text;
}
