// Reads pprof's protocol buffer (google/pprof, proto/profile.proto) into columns.
import { UnreadableEvidence } from '../analysis.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';
import { Integers } from './growing.ts';
import { Ids } from './ids.ts';
import type { Labels, Profile, SampleType } from './profile.ts';
import { readSamples, type LabelColumns } from './samples.ts';
import { BYTES, VARINT, Wire } from './wire.ts';

/** Field numbers of message Profile. */
const FIELD = {
  sampleType: 1,
  sample: 2,
  location: 4,
  function: 5,
  string: 6,
  timeNanos: 9,
  durationNanos: 10,
  periodType: 11,
  period: 12,
  defaultSampleType: 14,
} as const;

/** Bounds of the messages of each repeated field: `from`, `to` alternating. */
interface Parts {
  sampleTypes: Integers;
  samples: Integers;
  locations: Integers;
  functions: Integers;
  strings: Integers;
}

/**
 * Reads a profile, gzip or not. Throws UnreadableEvidence with the byte of the error: truncated, another format, or a reference to a
 * missing entry. Ids may be sparse and of any size; values may be negative, as in a difference of two profiles.
 */
export function readProfile(bytes: Uint8Array): Profile {
  const { raw, parts, scalars } = messagesOf(bytes);
  const strings = stringTable(raw, parts.strings.read());
  const sampleTypes = readSampleTypes(raw, parts.sampleTypes.read(), strings);
  const functions = readFunctions(raw, parts.functions.read(), strings);
  const locations = readLocations(raw, parts.locations.read(), functions.ids);
  const { labelColumns, ...samples } = readSamples(raw, parts.samples.read(), sampleTypes.length, locations.ids);
  const named = strings.text(scalars.defaultSampleType);
  const namedAt = sampleTypes.findIndex(({ type }) => type === named);
  const [from, to] = scalars.periodType;
  return {
    sampleTypes,
    defaultType: namedAt === -1 ? sampleTypes.length - 1 : namedAt,
    ...samples,
    labels: labelsOf(labelColumns, strings),
    ...locations.columns,
    ...functions.columns,
    startedAtMs: scalars.timeNanos / 1e6,
    durationSeconds: scalars.durationNanos / 1e9,
    period: scalars.period,
    periodType: to > from ? readValueType(new Wire(raw, from, to), strings) : null,
  };
}

/** The sample types of a profile, without decoding its samples: enough to detect its kind. Throws UnreadableEvidence. */
export function sampleTypesOf(bytes: Uint8Array): SampleType[] {
  const { raw, parts } = messagesOf(bytes);
  return readSampleTypes(raw, parts.sampleTypes.read(), stringTable(raw, parts.strings.read()));
}

interface Scalars {
  timeNanos: number;
  durationNanos: number;
  period: number;
  defaultSampleType: number;
  /** From, to. */
  periodType: [number, number];
}

/** Finds the bounds of all messages. */
function messagesOf(bytes: Uint8Array): { raw: Uint8Array; parts: Parts; scalars: Scalars } {
  const raw = gunzipBounded(bytes);
  if (raw.length === 0) throw new UnreadableEvidence('the profile is empty', 'byte 0', 'capture it again');
  const wire = new Wire(raw);
  const parts: Parts = {
    sampleTypes: new Integers(),
    samples: new Integers(),
    locations: new Integers(),
    functions: new Integers(),
    strings: new Integers(),
  };
  const scalars: Scalars = { timeNanos: 0, durationNanos: 0, period: 0, defaultSampleType: 0, periodType: [0, 0] };
  while (wire.field()) readTopField(wire, parts, scalars);
  return { raw, parts, scalars };
}

function readTopField(wire: Wire, parts: Parts, scalars: Scalars): void {
  const part =
    wire.number === FIELD.sample
      ? parts.samples
      : wire.number === FIELD.location
        ? parts.locations
        : wire.number === FIELD.function
          ? parts.functions
          : wire.number === FIELD.string
            ? parts.strings
            : wire.number === FIELD.sampleType
              ? parts.sampleTypes
              : null;
  if (part) {
    wire.expect(BYTES);
    const length = wire.length();
    part.push(wire.at);
    part.push((wire.at += length));
    return;
  }
  switch (wire.number) {
    case FIELD.timeNanos:
      wire.expect(VARINT);
      // Nanoseconds since 1970 exceed 2^53 by a factor of 200; a double is exact to a quarter of a microsecond.
      scalars.timeNanos = wire.unsigned();
      return;
    case FIELD.durationNanos:
      wire.expect(VARINT);
      scalars.durationNanos = wire.signed();
      return;
    case FIELD.period:
      wire.expect(VARINT);
      scalars.period = wire.signed();
      return;
    case FIELD.defaultSampleType:
      wire.expect(VARINT);
      scalars.defaultSampleType = wire.unsigned();
      return;
    case FIELD.periodType: {
      wire.expect(BYTES);
      const length = wire.length();
      scalars.periodType = [wire.at, (wire.at += length)];
      return;
    }
    default:
      wire.skip();
  }
}

interface Strings {
  /** Throws UnreadableEvidence beyond the table. */
  text(index: number): string;
}

function stringTable(raw: Uint8Array, parts: Int32Array): Strings {
  const decoder = new TextDecoder();
  const known: (string | undefined)[] = Array.from({ length: parts.length / 2 });
  return {
    text(index) {
      const from = parts[index * 2];
      if (from === undefined) {
        if (index === 0) return '';
        throw new UnreadableEvidence(
          `the profile refers to text ${index}, but its string table has ${parts.length / 2}`,
          'string table',
          'capture the profile again; it is cut off or not a pprof profile',
        );
      }
      return (known[index] ??= decoder.decode(raw.subarray(from, parts[index * 2 + 1])));
    },
  };
}

function labelsOf({ sample, key, text, unit, number }: LabelColumns, strings: Strings): Labels {
  const [keys, texts, units] = [key.read(), text.read(), unit.read()];
  return {
    sample: sample.read(),
    key: (index) => strings.text(keys[index] as number),
    value: (index) =>
      texts[index] === 0 ? `${number[index]} ${strings.text(units[index] as number)}`.trimEnd() : strings.text(texts[index] as number),
  };
}

function readSampleTypes(raw: Uint8Array, parts: Int32Array, strings: Strings): SampleType[] {
  const types: SampleType[] = [];
  for (let at = 0; at < parts.length; at += 2) types.push(readValueType(new Wire(raw, parts[at], parts[at + 1]), strings));
  if (types.length === 0)
    throw new UnreadableEvidence(
      'the profile has no sample type',
      'profile',
      'capture the profile again; it is incomplete or not a pprof profile',
    );
  return types;
}

function readValueType(wire: Wire, strings: Strings): SampleType {
  let [type, unit] = [0, 0];
  while (wire.field()) {
    if (wire.number === 1 && wire.kind === VARINT) type = wire.unsigned();
    else if (wire.number === 2 && wire.kind === VARINT) unit = wire.unsigned();
    else wire.skip();
  }
  return { type: strings.text(type), unit: strings.text(unit) };
}

function readFunctions(
  raw: Uint8Array,
  parts: Int32Array,
  strings: Strings,
): { ids: Ids; columns: Pick<Profile, 'functions' | 'functionName' | 'fileName'> } {
  const count = parts.length / 2;
  const ids = new Ids('function');
  const names = new Int32Array(count);
  const files = new Int32Array(count);
  const wire = new Wire(raw);
  for (let index = 0; index < count; index += 1) {
    wire.at = parts[index * 2] as number;
    wire.end = parts[index * 2 + 1] as number;
    let id = 0;
    let high = 0;
    let low = 0;
    while (wire.field()) {
      if (wire.kind !== VARINT) wire.skip();
      else {
        const value = wire.unsigned();
        if (wire.number === 1) [id, high, low] = [value, wire.high, wire.low];
        else if (wire.number === 2) names[index] = value;
        else if (wire.number === 4) files[index] = value;
      }
    }
    [wire.high, wire.low] = [high, low];
    ids.add(id, wire);
  }
  return {
    ids,
    columns: {
      functions: count,
      functionName: (index) => strings.text(names[index] as number),
      fileName: (index) => strings.text(files[index] as number),
    },
  };
}

type LocationColumns = Pick<Profile, 'locations' | 'lineStart' | 'lineFunction' | 'lineNumber' | 'address'>;

function readLocations(raw: Uint8Array, parts: Int32Array, functions: Ids): { ids: Ids; columns: LocationColumns } {
  const count = parts.length / 2;
  const ids = new Ids('location');
  const lineStart = new Int32Array(count + 1);
  const lineFunction = new Integers();
  const lineNumber = new Integers();
  const address = new Float64Array(count);
  const wire = new Wire(raw);
  const line = new Wire(raw);
  for (let index = 0; index < count; index += 1) {
    wire.at = parts[index * 2] as number;
    wire.end = parts[index * 2 + 1] as number;
    let id = 0;
    let high = 0;
    let low = 0;
    while (wire.field()) {
      if (wire.number === 4 && wire.kind === BYTES) {
        const length = wire.length();
        line.at = wire.at;
        line.end = wire.at += length;
        let inFunction = -1;
        let number = 0;
        while (line.field()) {
          if (line.kind !== VARINT) line.skip();
          else if (line.number === 1) inFunction = functions.at(line.unsigned(), line);
          else if (line.number === 2) number = line.signed();
          else line.unsigned();
        }
        if (inFunction === -1) continue;
        lineFunction.push(inFunction);
        lineNumber.push(number);
      } else if (wire.kind !== VARINT) wire.skip();
      else {
        const value = wire.unsigned();
        if (wire.number === 1) [id, high, low] = [value, wire.high, wire.low];
        else if (wire.number === 3) address[index] = value;
      }
    }
    [wire.high, wire.low] = [high, low];
    ids.add(id, wire);
    lineStart[index + 1] = lineFunction.length;
  }
  return {
    ids,
    columns: { locations: count, lineStart, lineFunction: lineFunction.read(), lineNumber: lineNumber.read(), address },
  };
}
