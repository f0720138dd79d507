/**
 * How values are written for people: by the CLI, the pages, the report, messages and the sentences of findings. One form per kind of value,
 * the same everywhere, in English and UTC whatever the machine's locale is.
 *
 * | kind | form | rule |
 * |---|---|---|
 * | count | `9,012` | whole, with separators of thousands |
 * | number | `299.8`, `12,346` | at most four significant digits; never fewer than the digits before the point, no exponent |
 * | latency | `734 ms`, `38.4 ms`, `0.417 ms` | always in ms, three significant digits |
 * | share | `99.93 %`, `0.1 %`, `0.011 %` | percent of 0-100 with two decimals; below 1 % two significant digits |
 * | duration | `734 ms`, `9.4 s`, `31 m 20 s`, `72 h`, `4 d 2 h` | at most two units; hours up to 72, as plans count them |
 * | size | `734 bytes`, `12.3 KiB`, `1.46 MiB` | powers of 1,024, three significant digits |
 * | planned time | `2026-11-24 09:00 UTC` | 24 hours, with seconds only where there are any |
 * | time of an event | `2026-11-24 09:00:41 UTC` | always with seconds |
 * | relative time | `in 2 h 10 m`, `41 s ago`, `now` | a duration in whole seconds, cut |
 * | clock | `T-23:41:07`, `T+00:00:12` | from the launch; hours may exceed 24 |
 * | comparison | `734 ms > 300 ms`, `24 s, limit 20 s` | no sign where the outcome does not follow from the two values |
 *
 * A value on the wrong side of a limit is written with the digits that show it: `300.3 ms > 300 ms`. Trailing zeros are left out.
 */
export { amount, besideLimit, comparison, withLimit } from './comparison.ts';
export { count, latency, measured, number, percent, rounded, share, size } from './numbers.ts';
export { clock, duration, eventTime, relativeTime, time } from './times.ts';
