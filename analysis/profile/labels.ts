// The largest labels of a profile.
import type { Profile } from './profile.ts';

export interface LabelRow {
  key: string;
  value: string;
  /** Sum over all samples with this label, in the unit of the sample type. */
  total: number;
}

/** By key and value, the largest first. A sample with several labels counts for each. */
export function topLabels({ labels, values, sampleTypes }: Profile, type: number): LabelRow[] {
  const rows = new Map<string, LabelRow>();
  for (let index = 0; index < labels.sample.length; index += 1) {
    const [key, value] = [labels.key(index), labels.value(index)];
    const total = values[(labels.sample[index] as number) * sampleTypes.length + type] as number;
    const known = rows.get(`${key}\n${value}`);
    if (known) known.total += total;
    else rows.set(`${key}\n${value}`, { key, value, total });
  }
  return [...rows.values()].sort(
    (a, b) => Math.abs(b.total) - Math.abs(a.total) || (`${a.key}\n${a.value}` < `${b.key}\n${b.value}` ? -1 : 1),
  );
}
