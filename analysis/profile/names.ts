// Names of Go functions: their package, and one name where the compiler generates several.

/** The name without shapes of generics and without `-fm` of method values. Closures keep their number. */
export function goName(name: string): string {
  const plain = name.includes('[') ? withoutTypeArguments(name) : name;
  return plain.endsWith('-fm') ? plain.slice(0, -3) : plain;
}

/**
 * `slices.SortFunc[...]` for `slices.SortFunc[go.shape.[]int,go.shape.int]`, as Go's tracebacks print it (runtime_FrameSymbolName in
 * runtime/symtab.go). Shapes differ between builds. A name that is cut off inside brackets stays as it is.
 */
function withoutTypeArguments(name: string): string {
  let shown = '';
  let depth = 0;
  for (let at = 0; at < name.length; at += 1) {
    const letter = name[at] as string;
    if (letter === '[' && (depth += 1) === 1) shown += '[...]';
    else if (letter === '"' && depth > 0) at = endOfText(name, at);
    else if (depth === 0) shown += letter;
    else if (letter === ']') depth -= 1;
  }
  return depth === 0 ? shown : name;
}

/** End of the quoted text that starts here: a struct tag may contain brackets, and quotes after a backslash. */
function endOfText(name: string, start: number): number {
  let at = start + 1;
  while (at < name.length && name[at] !== '"') at += name[at] === '\\' ? 2 : 1;
  return at;
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

/** False for package main and for paths with a domain: the service's own code or a module. */
export const isStandardLibrary = (path: string): boolean => path !== 'main' && !path.split('/')[0]?.includes('.');

/** The runtime itself, which works for a caller further up the stack. */
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
 * Code of the service itself, not of the standard library, of a module (files with a version, `go-redis/v9@v9.23.0/redis.go`) or of a
 * vendor folder. Without a file only package main counts.
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
