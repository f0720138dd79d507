// Flat and cumulative values by function, as `go tool pprof -top` counts them.
import type { Profile } from './profile.ts';

export interface TopRow {
  /** As in the profile. */
  name: string;
  /** Samples whose leaf, after inline expansion, is this function. */
  flat: number;
  /** Samples with this function anywhere in the stack, each once however often it recurs. */
  cum: number;
}

/** Frames by name: functions of one name are merged, and a location without lines is named by its address. */
export interface Frames {
  names: string[];
  /** Frames of location l, innermost first: `frames[start[l] .. start[l+1])`. */
  start: Int32Array;
  frames: Int32Array;
}

/** One number per name, so that all counting uses numbers instead of text. */
export function framesOf(profile: Profile, nameOf: (name: string) => string = (name) => name): Frames {
  const names: string[] = [];
  const byName = new Map<string, number>();
  const nameAt = (name: string): number => {
    let at = byName.get(name);
    if (at === undefined) {
      byName.set(name, (at = names.length));
      names.push(name);
    }
    return at;
  };
  const ofFunction = new Int32Array(profile.functions);
  for (let index = 0; index < profile.functions; index += 1) ofFunction[index] = nameAt(nameOf(profile.functionName(index)));
  const start = new Int32Array(profile.locations + 1);
  const frames = new Int32Array(profile.lineFunction.length + profile.locations);
  let length = 0;
  for (let location = 0; location < profile.locations; location += 1) {
    const from = profile.lineStart[location] as number;
    const to = profile.lineStart[location + 1] as number;
    for (let line = from; line < to; line += 1) frames[length++] = ofFunction[profile.lineFunction[line] as number] as number;
    if (from === to) frames[length++] = nameAt(`0x${(profile.address[location] as number).toString(16)}`);
    start[location + 1] = length;
  }
  return { names, start, frames: frames.subarray(0, length) };
}

/** Rows of every function in any sample, largest flat first, then largest cumulative, then by name. */
export function top(profile: Profile, type = profile.defaultType, frames = framesOf(profile)): TopRow[] {
  const { names, start } = frames;
  const width = profile.sampleTypes.length;
  const flat = new Float64Array(names.length);
  const cum = new Float64Array(names.length);
  // The sample a function was last counted in, plus one.
  const counted = new Int32Array(names.length);
  for (let sample = 0; sample < profile.samples; sample += 1) {
    const value = profile.values[sample * width + type] as number;
    const from = profile.stackStart[sample] as number;
    const to = profile.stackStart[sample + 1] as number;
    for (let at = from; at < to; at += 1) {
      const location = profile.stacks[at] as number;
      const first = start[location] as number;
      const last = start[location + 1] as number;
      if (at === from && last > first) (flat[frames.frames[first] as number] as number) += value;
      for (let frame = first; frame < last; frame += 1) {
        const name = frames.frames[frame] as number;
        if (counted[name] === sample + 1) continue;
        counted[name] = sample + 1;
        (cum[name] as number) += value;
      }
    }
  }
  const rows: TopRow[] = [];
  for (let name = 0; name < names.length; name += 1)
    if (counted[name] !== 0) rows.push({ name: names[name] as string, flat: flat[name] as number, cum: cum[name] as number });
  return rows.sort((a, b) => Math.abs(b.flat) - Math.abs(a.flat) || Math.abs(b.cum) - Math.abs(a.cum) || (a.name < b.name ? -1 : 1));
}

/** The same rows, largest cumulative first. */
export const byCum = (rows: readonly TopRow[]): TopRow[] =>
  [...rows].sort((a, b) => Math.abs(b.cum) - Math.abs(a.cum) || Math.abs(b.flat) - Math.abs(a.flat) || (a.name < b.name ? -1 : 1));
