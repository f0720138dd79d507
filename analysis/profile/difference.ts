// Two profiles of one kind, function by function, both scaled to the same total: two runs never have equal length or work.
import type { Table } from '../analysis.ts';
import { rounded } from '../../verdict/wording/index.ts';
import { goName } from './names.ts';
import { totalOf, type Profile } from './profile.ts';
import { framesOf, top } from './top.ts';

const ROWS = 20;
/** In percentage points; smaller changes are sampling noise. */
const MIN_POINTS = 0.1;

/** The functions whose share changed most, by flat. Where nothing can be compared, a table without rows and a note with the reason. */
export function differenceTable(before: Profile, now: Profile, type = now.defaultType): Table {
  const name = now.sampleTypes[type]?.type ?? '';
  const beforeType = before.sampleTypes.findIndex((each) => each.type === name);
  const empty = (reason: string): Table => ({ title: TITLE, columns: COLUMNS, rows: [], notes: [reason] });
  if (beforeType === -1) return empty(`the earlier profile has no ${name}`);
  const [earlier, later] = [sharesOf(before, beforeType), sharesOf(now, type)];
  if (earlier === null || later === null) return empty(`the ${later === null ? 'later' : 'earlier'} profile has no sample`);
  const none = { flat: 0, cum: 0 };
  const changed = [...new Set([...earlier.keys(), ...later.keys()])]
    .map((each) => ({ name: each, was: earlier.get(each) ?? none, is: later.get(each) ?? none }))
    .map((each) => ({ ...each, change: each.is.flat - each.was.flat }))
    .filter(({ change }) => Math.abs(change) >= MIN_POINTS)
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || (a.name < b.name ? -1 : 1));
  return {
    title: TITLE,
    columns: COLUMNS,
    rows: changed
      .slice(0, ROWS)
      .map((row) => [row.name, rounded(row.was.flat), rounded(row.is.flat), rounded(row.change), rounded(row.is.cum - row.was.cum)]),
    notes: [
      `shares of each profile's own total of ${name}`,
      changed.length > ROWS
        ? `the ${ROWS} largest of ${changed.length} changes`
        : `changes below ${MIN_POINTS} percentage points are left out`,
    ],
  };
}

const TITLE = 'Changes since the earlier profile';
const COLUMNS: Table['columns'] = [
  { name: 'function', unit: '' },
  { name: 'flat before', unit: '%' },
  { name: 'flat now', unit: '%' },
  { name: 'change of flat', unit: 'points' },
  { name: 'change of cum', unit: 'points' },
];

/** In percent of the total; null when there is none. */
function sharesOf(profile: Profile, type: number): Map<string, { flat: number; cum: number }> | null {
  const total = totalOf(profile, type);
  if (total <= 0) return null;
  // By the displayed name: two builds give generics different shapes.
  return new Map(
    top(profile, type, framesOf(profile, goName)).map(({ name, flat, cum }) => [
      name,
      { flat: (100 * flat) / total, cum: (100 * cum) / total },
    ]),
  );
}
