// Where what came back differs from what was asked for. JSON values only.

export interface ChangedField {
  /** `spec.template.spec.containers[go-api].image` */
  field: string;
  /** Undefined where the field was not there. */
  asked: unknown;
  got: unknown;
}

/** Every field that differs, by its path; empty only for equal values. Elements of a list are known by their `name`, where each has one of its own. */
export function changedFields(asked: unknown, got: unknown, field = ''): ChangedField[] {
  if (isObject(asked) && isObject(got)) {
    const keys = [...new Set([...Object.keys(asked), ...Object.keys(got)])];
    return keys.flatMap((key) => changedFields(asked[key], got[key], within(field, key)));
  }
  if (Array.isArray(asked) && Array.isArray(got)) {
    const [before, after] = [namesOf(asked), namesOf(got)];
    // Another order is another list: what is known by its place is compared by it.
    const known =
      before !== null &&
      after !== null &&
      before.filter((name) => after.includes(name)).join() === after.filter((name) => before.includes(name)).join();
    if (known) {
      return [...new Set([...before, ...after])].flatMap((name) =>
        changedFields(asked[before.indexOf(name)], got[after.indexOf(name)], `${field}[${name}]`),
      );
    }
    const longer = Math.max(asked.length, got.length);
    return Array.from({ length: longer }, (_, index) => changedFields(asked[index], got[index], `${field}[${index}]`)).flat();
  }
  return asked === got ? [] : [{ field, asked, got }];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A key that has dots of its own stands in brackets. */
const within = (field: string, key: string): string =>
  /^\w+$/.test(key) ? `${field}${field === '' ? '' : '.'}${key}` : `${field}[${key}]`;

function namesOf(list: readonly unknown[]): string[] | null {
  const names = list.map((each) => (isObject(each) ? each['name'] : undefined));
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length ? names : null;
}
