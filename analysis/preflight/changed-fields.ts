// Fields in which the returned object differs from the requested one. JSON values only.

export interface ChangedField {
  /** `spec.template.spec.containers[go-api].image` */
  field: string;
  /** Undefined where the field is missing. */
  asked: unknown;
  got: unknown;
}

/** All fields that differ, by path; empty only for equal values. List elements are identified by `name` where all have a unique one. */
export function changedFields(asked: unknown, got: unknown, field = ''): ChangedField[] {
  if (isObject(asked) && isObject(got)) {
    const keys = [...new Set([...Object.keys(asked), ...Object.keys(got)])];
    return keys.flatMap((key) => changedFields(asked[key], got[key], within(field, key)));
  }
  if (Array.isArray(asked) && Array.isArray(got)) {
    const [before, after] = [namesOf(asked), namesOf(got)];
    // Another order is another list: elements identified by index are compared by index.
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

/** A key with dots is written in brackets. */
const within = (field: string, key: string): string =>
  /^\w+$/.test(key) ? `${field}${field === '' ? '' : '.'}${key}` : `${field}[${key}]`;

function namesOf(list: readonly unknown[]): string[] | null {
  const names = list.map((each) => (isObject(each) ? each['name'] : undefined));
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length ? names : null;
}
