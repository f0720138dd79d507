// Names of Go functions: which package they are in, and one name for what the compiler gives several.

/** `[go.shape.int_0,go.shape.string]` of a generic function: the shape, not the type, so profiles of two builds differ in it. */
const TYPE_ARGUMENTS = /\[[^\]]*(?:\[[^\]]*\][^\]]*)*\]/g;

/** The name people know it by: generics without shapes, `-fm` of method values taken away. Closures keep their number. */
export function goName(name: string): string {
  const plain = name.includes('[') ? name.replace(TYPE_ARGUMENTS, '[...]') : name;
  return plain.endsWith('-fm') ? plain.slice(0, -3) : plain;
}

/** Import path of a function's package: `github.com/jackc/pgx/v5` of `github.com/jackc/pgx/v5.(*Conn).Query`. Empty where it has none. */
export function goPackage(name: string): string {
  const bracket = name.indexOf('[');
  const plain = bracket === -1 ? name : name.slice(0, bracket);
  const parenthesis = plain.indexOf('(');
  const slash = plain.lastIndexOf('/', parenthesis === -1 ? plain.length : parenthesis);
  const dot = plain.indexOf('.', slash + 1);
  // The linker writes a dot of the last element as %2e.
  return dot === -1 ? '' : plain.slice(0, dot).replaceAll('%2e', '.');
}

/** Package main, or one with a domain in its path: somebody's own code or a module, and not the standard library. */
export const isStandardLibrary = (path: string): boolean => path !== 'main' && !path.split('/')[0]?.includes('.');

/** The runtime itself: what it does, it does for somebody further up the stack. */
export const isRuntime = (path: string): boolean =>
  path === '' || path === 'runtime' || path.startsWith('runtime/internal') || path.startsWith('internal/runtime') || INTERNALS.has(path);

const INTERNALS: ReadonlySet<string> = new Set([
  'internal/abi',
  'internal/bytealg',
  'internal/cpu',
  'internal/race',
  'gcWriteBarrier',
  'internal/sync',
]);

/**
 * Code of the service itself: neither the standard library nor a module it depends on, whose files carry their version
 * (`github.com/redis/go-redis/v9@v9.23.0/redis.go`) or lie in a vendor folder. Without a file only package main is known to be.
 */
export function isOwnCode(name: string, file: string): boolean {
  const path = goPackage(name);
  if (path === 'main') return true;
  return file !== '' && !isStandardLibrary(path) && !/@v\d|\/vendor\//u.test(file);
}

/** `shop.(*Redis).RecordOrder` of `tminus.dev/lab/target/internal/shop.(*Redis).RecordOrder`. */
export function shortName(name: string): string {
  const parenthesis = name.search(/[([]/u);
  const slash = name.lastIndexOf('/', parenthesis === -1 ? name.length : parenthesis);
  return name.slice(slash + 1);
}
