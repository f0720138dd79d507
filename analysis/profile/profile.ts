// A pprof profile as columns: no object per sample, and strings are decoded on request.

export interface SampleType {
  /** `cpu`, `inuse_space`, `delay`, `goroutine` … */
  type: string;
  /** `nanoseconds`, `bytes`, `count`. */
  unit: string;
}

/** Labels of samples (`pprof.Do` in Go). Label i belongs to sample `sample[i]`; most samples have none, so these are separate columns. */
export interface Labels {
  sample: Int32Array;
  key(index: number): string;
  /** `checkout`, or a number with its unit. */
  value(index: number): string;
}

/**
 * Sample i has locations `stacks[stackStart[i] .. stackStart[i+1])`, leaf first, and values `values[i * sampleTypes.length + t]`.
 * Location l has lines `lineStart[l] .. lineStart[l+1])`, innermost inlined call first; line n is in function `lineFunction[n]`.
 */
export interface Profile {
  sampleTypes: SampleType[];
  /** Index of the sample type to show by default. */
  defaultType: number;
  samples: number;
  stackStart: Int32Array;
  stacks: Int32Array;
  values: Float64Array;
  labels: Labels;
  locations: number;
  lineStart: Int32Array;
  lineFunction: Int32Array;
  lineNumber: Int32Array;
  /** Address of each location, for those without lines. */
  address: Float64Array;
  functions: number;
  /** Name of a function as the profile has it. */
  functionName(index: number): string;
  fileName(index: number): string;
  /** Start of the profile, milliseconds since 1970; 0 when missing. */
  startedAtMs: number;
  /** 0 when missing. */
  durationSeconds: number;
  period: number;
  periodType: SampleType | null;
}

/** Index of a sample type by its name; the default without a name. Null when the profile does not have it. */
export function sampleTypeIndex(profile: Profile, name?: string): number | null {
  if (name === undefined) return profile.defaultType;
  const index = profile.sampleTypes.findIndex(({ type }) => type === name);
  return index === -1 ? null : index;
}

/** Sum of one sample type over all samples. */
export function totalOf(profile: Profile, type: number): number {
  const width = profile.sampleTypes.length;
  let total = 0;
  for (let at = type; at < profile.values.length; at += width) total += profile.values[at] as number;
  return total;
}
