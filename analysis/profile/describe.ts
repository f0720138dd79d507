// A profile as tables: where its samples are, and the work of the runtime by package.
import type { Analysis, Table } from '../analysis.ts';
import { amount, count, duration, number, rounded, share as shareText } from '../../verdict/wording/index.ts';
import { wilson } from '../statistics/index.ts';
import { contentions, hasHolders } from './contention.ts';
import { flameTree } from './flame.ts';
import { hotPath } from './hot-path.ts';
import { topLabels } from './labels.ts';
import { byMechanism } from './mechanism.ts';
import { goName } from './names.ts';
import { sampleTypeIndex, totalOf, type Profile } from './profile.ts';
import { byCum, framesOf, top } from './top.ts';

const ROWS = 20;
const MECHANISMS = 12;
const LABELS = 15;
/** Each side of the interval of a share. */
const CONFIDENCE = 0.975;
/** With fewer samples a share is chance. */
const MIN_SAMPLES = 10;

/** Top functions, flat and cumulative; for CPU profiles the hottest path and the runtime's work by package; labels where there are any. */
export function describeProfile(profile: Profile, type = profile.defaultType): Analysis {
  const sampleType = profile.sampleTypes[type] ?? { type: '', unit: '' };
  const total = totalOf(profile, type);
  const scale = { total, ...scaleOf(sampleType.unit) };
  const { divisor, unit } = scale;
  const during = profile.durationSeconds > 0 ? ` in ${duration(1_000 * profile.durationSeconds)}` : '';
  const fact = `${amount(total / divisor, unit)} of ${sampleType.type}${during}, ${count(profile.samples)} stacks`;
  const isCpu = sampleType.type === 'cpu' || profile.periodType?.type === 'cpu';
  const tables = [topTable(profile, type, scale)];
  if (isCpu) tables.push(pathTable(profile, type), mechanismTable(profile, type, total));
  if (profile.labels.sample.length > 0) tables.push(labelTable(profile, type, scale));
  if (sampleTypeIndex(profile, 'delay') !== null && hasHolders(profile)) tables.push(contentionTable(profile));
  return {
    findings: [],
    facts: [{ subject: sampleType.type, text: total === 0 ? `no samples (${fact})` : fact, values: { total } }],
    tables,
  };
}

interface Scale {
  /** Sum over all samples. */
  total: number;
  divisor: number;
  unit: string;
}

function topTable(profile: Profile, type: number, { total, divisor, unit }: Scale): Table {
  // Functions with one displayed name are merged: generics of several shapes.
  const rows = top(profile, type, framesOf(profile, goName));
  const shown = new Map([...rows.slice(0, ROWS), ...byCum(rows).slice(0, ROWS)].map((row) => [row.name, row]));
  const counted = sampleTypeIndex(profile, 'samples');
  const samples = counted === null ? null : totalOf(profile, counted);
  const percent = (value: number): number => (total === 0 ? 0 : rounded((100 * value) / total));
  const uncertain = (value: number): string | null => {
    if (samples === null || total === 0) return null;
    const seen = Math.round((Math.abs(value) / Math.abs(total)) * samples);
    if (seen < MIN_SAMPLES) return 'too few samples';
    const { lower, upper } = wilson(Math.min(seen, samples), samples, CONFIDENCE);
    return `${number(100 * lower)} to ${number(100 * upper)}`;
  };
  return {
    title: `Top functions by ${profile.sampleTypes[type]?.type ?? 'value'}`,
    columns: [
      { name: 'function', unit: '' },
      { name: 'flat', unit },
      { name: 'flat', unit: '%' },
      { name: 'cum', unit },
      { name: 'cum', unit: '%' },
      { name: 'cum, 95 % interval', unit: '%' },
    ],
    rows: [...shown.values()]
      .sort((a, b) => Math.abs(b.flat) - Math.abs(a.flat) || Math.abs(b.cum) - Math.abs(a.cum) || (a.name < b.name ? -1 : 1))
      .map(({ name, flat, cum }) => [name, rounded(flat / divisor), percent(flat), rounded(cum / divisor), percent(cum), uncertain(cum)]),
    notes: [`${shown.size} of ${rows.length} functions: the first ${ROWS} by flat and by cum`],
  };
}

function pathTable(profile: Profile, type: number): Table {
  const { calls, passedThrough } = hotPath(flameTree(profile, type));
  const percent = (share: number): number => rounded(100 * share);
  return {
    title: 'Hottest path, outermost call first',
    columns: [
      { name: 'share', unit: '%' },
      { name: 'own', unit: '%' },
      { name: 'call', unit: '' },
      { name: 'next largest', unit: '' },
    ],
    rows: calls.map(({ name, share, own, beside }) => [
      percent(share),
      percent(own),
      name,
      beside === null ? null : `${beside.name} (${shareText(beside.share)})`,
    ]),
    notes: passedThrough === 0 ? [] : [`${passedThrough} calls that pass over 95 % on to the next call are left out`],
  };
}

function labelTable(profile: Profile, type: number, { total, divisor, unit }: Scale): Table {
  const rows = topLabels(profile, type);
  return {
    title: 'By label',
    columns: [
      { name: 'label', unit: '' },
      { name: 'value', unit: '' },
      { name: profile.sampleTypes[type]?.type ?? 'value', unit },
      { name: 'share', unit: '%' },
    ],
    rows: rows
      .slice(0, LABELS)
      .map(({ key, value, total: own }) => [key, value, rounded(own / divisor), total === 0 ? 0 : rounded((100 * own) / total)]),
    notes: rows.length > LABELS ? [`the ${LABELS} largest of ${rows.length}`] : [],
  };
}

function mechanismTable(profile: Profile, type: number, total: number): Table {
  return {
    title: 'CPU by mechanism and package',
    columns: [
      { name: 'share', unit: '%' },
      { name: 'mechanism', unit: '' },
      { name: 'package', unit: '' },
    ],
    rows: byMechanism(profile, type)
      .slice(0, MECHANISMS)
      .map(({ mechanism, package: path, value }) => [total === 0 ? 0 : rounded((100 * value) / total), mechanism, path]),
    notes: [],
  };
}

function contentionTable(profile: Profile): Table {
  return {
    title: 'Lock contention by holder',
    columns: [
      { name: 'holder', unit: '' },
      { name: 'wait of others', unit: 's' },
    ],
    rows: contentions([profile])
      .slice(0, ROWS)
      .map(({ holder, waitedSeconds }) => [holder, rounded(waitedSeconds)]),
    notes: ['wait times of all goroutines are added up, so they may exceed the duration of the profile'],
  };
}

function scaleOf(unit: string): { divisor: number; unit: string } {
  if (unit === 'nanoseconds') return { divisor: 1e9, unit: 's' };
  if (unit === 'bytes') return { divisor: 1_024 ** 2, unit: 'MiB' };
  return { divisor: 1, unit: unit === 'count' ? '' : unit };
}
