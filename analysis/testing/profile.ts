// Small profiles for tests, written by another program's encoder (pprof-format) than the reader under test.
import { Function as Func, Label, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';

export interface FixtureSample {
  /** Leaf first: `function` or `function file:line`. */
  stack: string[];
  values: number[];
  /** Text, or a number of some unit. */
  labels?: Record<string, string | { number: number | bigint; unit: string }>;
}

/** Bytes of a profile, not packed. @param types `cpu/nanoseconds` */
export function profileBytes(
  types: readonly string[],
  samples: readonly FixtureSample[],
  { seconds = 10, startedAtMs = 0 } = {},
): Uint8Array {
  const strings = new StringTable();
  const functions = new Map<string, Func>();
  const locations = new Map<string, Location>();
  const locationOf = (frame: string): Location => {
    const known = locations.get(frame);
    if (known) return known;
    const [, name = frame, file = '', line = '1'] = /^(.+?)(?: ([^ ]+):(\d+))?$/u.exec(frame) ?? [];
    let inFunction = functions.get(name);
    if (!inFunction)
      functions.set(name, (inFunction = new Func({ id: functions.size + 1, name: strings.dedup(name), filename: strings.dedup(file) })));
    const location = new Location({ id: locations.size + 1, line: [new Line({ functionId: inFunction.id, line: Number(line) })] });
    locations.set(frame, location);
    return location;
  };
  const sample = samples.map(
    ({ stack, values, labels = {} }) =>
      new Sample({
        locationId: stack.map((frame) => locationOf(frame).id),
        value: values,
        label: Object.entries(labels).map(([key, value]) =>
          typeof value === 'string'
            ? new Label({ key: strings.dedup(key), str: strings.dedup(value) })
            : new Label({ key: strings.dedup(key), num: value.number, numUnit: strings.dedup(value.unit) }),
        ),
      }),
  );
  const sampleType = types.map((each) => {
    const [type = '', unit = ''] = each.split('/');
    return new ValueType({ type: strings.dedup(type), unit: strings.dedup(unit) });
  });
  return new Profile({
    sampleType,
    sample,
    location: [...locations.values()],
    function: [...functions.values()],
    stringTable: strings,
    durationNanos: seconds * 1e9,
    timeNanos: startedAtMs * 1e6,
  }).encode();
}

/** A handler of the service below the server, as Go's stacks have it; `inside` is what it is doing, leaf first. */
export const request = (...inside: string[]): string[] => [
  ...inside,
  'shop.example/api/internal/shop.(*API).createOrder /src/shop/order.go:60',
  'net/http.HandlerFunc.ServeHTTP net/http/server.go:2286',
  'net/http.(*conn).serve net/http/server.go:2070',
];
