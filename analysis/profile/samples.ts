// The samples of a profile: stacks, values and labels.
import { UnreadableEvidence } from '../analysis.ts';
import { Integers } from './growing.ts';
import type { Ids } from './ids.ts';
import type { Profile } from './profile.ts';
import { BYTES, VARINT, Wire } from './wire.ts';

/** Label columns of the profile; texts are indices of its string table. */
export interface LabelColumns {
  sample: Integers;
  key: Integers;
  text: Integers;
  unit: Integers;
  number: number[];
}

/** Reads all samples; one with another number of values than sample types is refused. */
export function readSamples(
  raw: Uint8Array,
  parts: Int32Array,
  width: number,
  locations: Ids,
): Pick<Profile, 'samples' | 'stackStart' | 'stacks' | 'values'> & { labelColumns: LabelColumns } {
  const count = parts.length / 2;
  // A value takes at least one byte: without this check a file of 1 MB requests 300 GB.
  if (count * width > raw.length)
    throw new UnreadableEvidence(
      `${count} samples of ${width} values do not fit into ${raw.length} bytes`,
      'samples',
      'capture the profile again; it is cut off or damaged',
    );
  const stackStart = new Int32Array(count + 1);
  const stacks = new Integers();
  let sampleBytes = 0;
  for (let at = 0; at < parts.length; at += 2) sampleBytes += (parts[at + 1] as number) - (parts[at] as number);
  // Most ids have two bytes; growing by doubling took a fifth of the time.
  stacks.room(sampleBytes >> 1);
  const values = new Float64Array(count * width);
  const labelColumns: LabelColumns = {
    sample: new Integers(),
    key: new Integers(),
    text: new Integers(),
    unit: new Integers(),
    number: [],
  };
  const wire = new Wire(raw);
  for (let index = 0; index < count; index += 1) {
    wire.at = parts[index * 2] as number;
    const end = (wire.end = parts[index * 2 + 1] as number);
    let seen = 0;
    while (wire.field()) {
      if (wire.number === 1 && wire.kind === BYTES) {
        const length = wire.length();
        wire.end = wire.at + length;
        readStack(wire, locations, stacks);
        wire.end = end;
      } else if (wire.number === 2 && wire.kind === BYTES) {
        const length = wire.length();
        wire.end = wire.at + length;
        for (; wire.at < wire.end; seen += 1) {
          const value = wire.signed();
          if (seen < width) values[index * width + seen] = value;
        }
        wire.end = end;
      } else if (wire.number === 1 && wire.kind === VARINT) stacks.push(locations.at(wire.unsigned(), wire));
      else if (wire.number === 2 && wire.kind === VARINT) {
        const value = wire.signed();
        if (seen < width) values[index * width + seen] = value;
        seen += 1;
      } else if (wire.number === 3 && wire.kind === BYTES) readLabel(wire, index, labelColumns);
      else wire.skip();
    }
    if (seen !== width)
      throw new UnreadableEvidence(
        `sample ${index + 1} has ${seen} values for ${width} sample types`,
        `byte ${end}`,
        'capture the profile again; it mixes measurements or is damaged',
      );
    stackStart[index + 1] = stacks.length;
  }
  return { samples: count, stackStart, stacks: stacks.read(), values, labelColumns };
}

/** Reads ids up to the end of `wire`. They are most of a profile, of one byte or two; reading them here takes half as long. */
function readStack(wire: Wire, locations: Ids, stacks: Integers): void {
  const { bytes, end } = wire;
  const { dense } = locations;
  // An id takes at least one byte.
  const numbers = stacks.room(end - wire.at);
  let count = stacks.length;
  let at = wire.at;
  while (at < end) {
    let id = bytes[at] as number;
    if (id < 0x80) at += 1;
    else {
      const second = bytes[at + 1] as number;
      if (second < 0x80 && at + 1 < end) {
        id = (id & 0x7f) | (second << 7);
        at += 2;
      } else {
        wire.at = at;
        id = wire.unsigned();
        at = wire.at;
      }
    }
    if (id <= dense && id > 0) numbers[count] = id - 1;
    else {
      wire.at = at;
      numbers[count] = locations.at(id, wire);
    }
    count += 1;
  }
  wire.at = at;
  stacks.length = count;
}

/** `wire` has just read the field number; leaves it after the label. */
function readLabel(wire: Wire, sample: number, columns: LabelColumns): void {
  const length = wire.length();
  const outer = wire.end;
  const end = (wire.end = wire.at + length);
  let [keyAt, textAt, unitAt, value] = [0, 0, 0, 0];
  while (wire.field()) {
    if (wire.kind !== VARINT) wire.skip();
    else {
      const read = wire.unsigned();
      if (wire.number === 1) keyAt = read;
      else if (wire.number === 2) textAt = read;
      // A number may be an id of 64 bits; it is only displayed, so the nearest double suffices.
      else if (wire.number === 3) value = wire.high < TWO_31 ? read : read - TWO_64;
      else if (wire.number === 4) unitAt = read;
    }
  }
  wire.at = end;
  wire.end = outer;
  columns.sample.push(sample);
  columns.key.push(keyAt);
  columns.text.push(textAt);
  columns.unit.push(unitAt);
  columns.number.push(value);
}

const TWO_31 = 2 ** 31;
const TWO_64 = 2 ** 64;
