// What a goroutine waits for, inferred from its stack: profiles contain no state.
import { goPackage, isOwnCode, isRuntime, isStandardLibrary } from '../profile/names.ts';
import { placeOf, type Frame, type GoroutineGroup } from './goroutines.ts';

/** Runtime functions below a blocked call, innermost first, and the state they mean. */
const STATES: readonly (readonly [functions: RegExp, state: string])[] = [
  [/^runtime\.chansend/, 'chan send'],
  [/^runtime\.chanrecv/, 'chan receive'],
  [/^runtime\.selectgo/, 'select'],
  [/^runtime\.block$/, 'select (no cases)'],
  [/SemacquireRWMutexR|^sync\.\(\*RWMutex\)\.RLock/, 'sync.RWMutex.RLock'],
  [/SemacquireRWMutex|^sync\.\(\*RWMutex\)\.Lock/, 'sync.RWMutex.Lock'],
  [/SemacquireMutex|^(internal\/)?sync\.\(\*Mutex\)\.(lockSlow|Lock)/, 'sync.Mutex.Lock'],
  [/SemacquireWaitGroup|^sync\.\(\*WaitGroup\)\.Wait/, 'sync.WaitGroup.Wait'],
  [/notifyListWait|^sync\.\(\*Cond\)\.Wait/, 'sync.Cond.Wait'],
  [/^internal\/poll\.runtime_pollWait|^runtime\.netpollblock/, 'IO wait'],
  [/^time\.Sleep/, 'sleep'],
];

/**
 * State of goroutines in `debug=1`, which omits the runtime's calls at the start of a stack, so a wait for a channel looks like work.
 * https://github.com/golang/go/blob/go1.26.0/src/runtime/pprof/pprof.go (printStackRecord)
 */
export const NOT_REPORTED = 'not reported';

/** State by the innermost frames; `otherwise` when none of the first few has one. */
export function stateOf(stack: readonly Frame[], otherwise = 'unknown'): string {
  for (const { function: name } of stack.slice(0, 8)) {
    for (const [functions, state] of STATES) if (functions.test(name)) return state;
  }
  return otherwise;
}

/** The innermost call of the service's own code; else of a module; else the first outside of the runtime. */
export function siteOf({ stack }: Pick<GoroutineGroup, 'stack'>): Frame | null {
  const packageOf = ({ function: name }: Frame): string => goPackage(name);
  return (
    stack.find(({ function: name, file }) => isOwnCode(name, file)) ??
    stack.find((frame) => !isStandardLibrary(packageOf(frame))) ??
    stack.find((frame) => !isRuntime(packageOf(frame)) && !/^(sync|internal\/)/.test(packageOf(frame))) ??
    stack.at(-1) ??
    null
  );
}

/** Functions that only start the function they are given. */
const STARTERS = /^(runtime\.goexit$|sync\.\(\*WaitGroup\)\.Go\b)/;

/** The function that a goroutine was started with: its outermost call. */
const entryOf = ({ stack }: Pick<GoroutineGroup, 'stack'>): string =>
  stack.findLast(({ function: name }) => !STARTERS.test(name))?.function ?? '';

/**
 * Goroutines started to wait, and to wait long: never suspects, however many. Only where the library started the goroutine itself: the
 * service's own goroutines use the same packages and can block there.
 */
const IDLE_BY_DESIGN: readonly (readonly [functions: RegExp, nature: string, state?: string])[] = [
  // In a select it waits for a body to be read: one that is never closed is a leak.
  [/^net\/http\.\(\*persistConn\)\.readLoop/, 'open HTTP client connection', 'IO wait'],
  [/^net\/http\.\(\*persistConn\)\.writeLoop/, 'open HTTP client connection'],
  [/^net\/http\.\(\*connReader\)\.backgroundRead/, 'HTTP request in progress'],
  [/^net\/http\.\(\*http2(clientConnReadLoop\)|serverConn\)\.(serve|readFrames)$)/, 'open HTTP/2 connection'],
  [/^(os\/signal\.(loop|signal_recv)|runtime\.ensureSigM)/, 'signal handling'],
  [/^database\/sql\.\(\*DB\)\.connectionOpener/, 'database/sql connection opener'],
  [/pgxpool\.\(\*Pool\)\.backgroundHealthCheck/, 'connection pool health check'],
  [/puddle\/.*\.\(\*Pool.*\)\.(destroy|createIdle)/, 'connection pool maintenance'],
  [/^google\.golang\.org\/grpc\/internal\/(transport|grpcsync|idle)\./, 'gRPC connection'],
  [/^google\.golang\.org\/grpc\.\(\*Server\)\.handleRawConn/, 'open gRPC server connection'],
  [/^go\.opentelemetry\.io\/otel\/sdk\/.*\.(processQueue|run|\(\*PeriodicReader\))/, 'OpenTelemetry exporter between two batches'],
  [/^runtime\.(gcBgMarkWorker|bgsweep|bgscavenge|forcegchelper|runfinq|runFinalizers|runCleanups|ReadTrace)/, 'Go runtime'],
];

/** Started by the service itself; handlers run in other goroutines. */
const LISTENER = /^(net\/http|google\.golang\.org\/grpc)\.\(\*Server\)\.Serve$/;

/** What these goroutines do by design, or null. An idle server connection waits for its next request below `(*conn).serve`. */
export function idleByDesign({ stack, state }: Pick<GoroutineGroup, 'stack' | 'state'>): string | null {
  const entry = entryOf({ stack });
  if (state === 'IO wait' && entry === 'net/http.(*conn).serve' && !inHandler(stack)) return 'open HTTP server connection';
  if (stack.some(({ function: name }) => LISTENER.test(name))) return 'listener';
  const owner = goPackage(entry);
  for (const { function: name } of stack) {
    if (goPackage(name) !== owner) continue;
    const row = IDLE_BY_DESIGN.find(([functions, , only]) => functions.test(name) && (only === undefined || only === state));
    if (row) return row[1];
  }
  return null;
}

const inHandler = (stack: readonly Frame[]): boolean =>
  stack.some(({ function: name }) => name.startsWith('net/http.HandlerFunc.ServeHTTP') || name.startsWith('net/http.serverHandler'));

/**
 * A request in progress ends with its answer; only goroutines that outlive requests can leak. Requests of Tminus (pprof, metrics) do not
 * count.
 */
export const isRequest = ({ stack }: Pick<GoroutineGroup, 'stack'>): boolean =>
  (inHandler(stack) ||
    stack.some(({ function: name }) => /^google\.golang\.org\/grpc\.\(\*Server\)\.(processUnaryRPC|handleStream)/.test(name))) &&
  !stack.some(({ function: name }) => /^net\/http\/pprof\.|^runtime\/pprof\.|\/promhttp\./.test(name));

export type Dependency = 'redis' | 'pool' | 'database' | 'grpc' | 'http' | 'dial' | 'mutex';

/** The dependency that a request waits for: the first row that matches any function of its stack. */
const DEPENDENCIES: readonly (readonly [dependency: Dependency, functions: RegExp])[] = [
  ['dial', /^net\.\(\*(Dialer|sysDialer|Resolver)\)\.|^net\.(dial|lookup)|^net\.\(\*netFD\)\.connect/],
  ['pool', /pgxpool\.\(\*Pool\)\.Acquire|puddle\/.*\.(Acquire|acquire)|^database\/sql\.\(\*DB\)\.conn$/],
  ['redis', /^github\.com\/redis\/go-redis\//],
  ['database', /^github\.com\/jackc\/pgx\/|^github\.com\/lib\/pq\.|^database\/sql\./],
  ['grpc', /^google\.golang\.org\/grpc\.(\(\*ClientConn\)|\(\*clientStream\)|invoke|Invoke)/],
  ['http', /^net\/http\.\(\*(Client|Transport|persistConn)\)\.(do|Do|roundTrip|RoundTrip|getConn)/],
];

/** The dependency that this goroutine waits for; null where it does not wait, or its stack does not show it. */
export function waitsFor({ stack, state }: Pick<GoroutineGroup, 'stack' | 'state'>): Dependency | null {
  if (state === 'sync.Mutex.Lock' || state.startsWith('sync.RWMutex.')) {
    // A lock taken in a library belongs to the library; the service's own locks are taken in its own code.
    const holder = stack.find(({ function: name }) => !isStandardLibrary(goPackage(name)));
    if (holder && !DEPENDENCIES.some(([, functions]) => functions.test(holder.function))) return 'mutex';
  }
  if (state === 'running' || state === 'runnable' || state === 'unknown' || state === NOT_REPORTED) return null;
  return DEPENDENCIES.find(([, functions]) => stack.some(({ function: name }) => functions.test(name)))?.[0] ?? null;
}

/** `never`: it waits for something that can never happen, whatever other goroutines do. */
export type LeakClass = 'never' | 'channel' | 'context' | 'WaitGroup' | 'mutex' | 'other';

export const isMain = ({ stack }: Pick<GoroutineGroup, 'stack'>): boolean =>
  stack.some(({ function: name }) => name === 'main.main' || name === 'runtime.main');

/**
 * A nil channel, or a select without cases: nothing can ever wake it, so no proof of the runtime is needed. Main may park in `select {}`
 * while others work.
 */
export const waitsForNothing = ({ state, stack }: Pick<GoroutineGroup, 'stack' | 'state'>): boolean =>
  state.includes('(nil chan)') || (state === 'select (no cases)' && !isMain({ stack }));

/**
 * What a goroutine that never ends waits for, and the reason. A stack shows what is waited for, not which statement is missing, so the
 * latter is only probable. `others` never end either.
 */
export function leakClass(
  group: Pick<GoroutineGroup, 'stack' | 'state'>,
  others: readonly GoroutineGroup[] = [],
): { class: LeakClass; reason: string } {
  const { state, stack } = group;
  const plain = state.replace(' (leaked)', '');
  if (plain.includes('(nil chan)'))
    return { class: 'never', reason: 'its channel is nil, and a nil channel is never ready: it was declared but not made' };
  if (plain === 'select (no cases)') return { class: 'never', reason: 'a select without cases is never ready' };
  if (stack.some(({ function: name }) => name.startsWith('context.')))
    return { class: 'context', reason: 'it waits for a context that is never cancelled: call its cancel function on every return path' };
  if (plain.startsWith('chan send'))
    return {
      class: 'channel',
      reason: 'it sends to a channel that is no longer read: give the channel a buffer of one, or select on a context too',
    };
  if (plain.startsWith('chan receive'))
    return {
      class: 'channel',
      reason: 'it receives from a channel that gets no value and is not closed: close it in the sender on every return path',
    };
  if (plain.startsWith('select'))
    return {
      class: 'context',
      reason:
        'it selects on a context or channels that never become ready: probably the context is never cancelled ' +
        '(call its cancel function on every return path), or no goroutine serves the channels any more',
    };
  const sibling = blockedSibling(group, others);
  if (plain === 'sync.WaitGroup.Wait') return { class: 'WaitGroup', reason: waitGroupReason(sibling) };
  if (/Mutex/.test(plain)) return { class: 'mutex', reason: mutexReason(sibling) };
  if (plain === NOT_REPORTED || plain === 'unknown')
    return { class: 'other', reason: 'this profile format does not contain what it waits for; capture debug=0' };
  return { class: 'other', reason: `it stays in state ${plain}` };
}

const waitGroupReason = (sibling: string | null): string =>
  'it waits for a WaitGroup that never reaches zero: probably ' +
  (sibling === null
    ? 'a return path misses Done; write `defer wg.Done()` first in every goroutine'
    : `goroutines started beside it block at ${sibling} and never call Done`);

const mutexReason = (sibling: string | null): string =>
  'it waits for a lock that is never released: probably ' +
  (sibling === null
    ? 'a return path misses Unlock; write `defer mu.Unlock()` right after Lock'
    : `a goroutine started beside it holds the lock and blocks at ${sibling}`);

/** Site of most goroutines that the same function started and that wait for something else; null without any. */
function blockedSibling({ state, stack }: Pick<GoroutineGroup, 'stack' | 'state'>, others: readonly GoroutineGroup[]): string | null {
  const site = siteOf({ stack })?.function;
  if (site === undefined) return null;
  const family = new Set([site, starterOf(site)]);
  const [largest] = others
    .filter((other) => other.state !== state && family.has(other.creator?.function ?? starterOf(entryOf(other))))
    .sort((a, b) => b.count - a.count);
  return largest === undefined ? null : `${siteName(largest)} (${largest.state})`;
}

/** `main.fanOut` of its closure `main.fanOut.func1`: profiles omit who started a goroutine, so the compiler's name is used. */
const starterOf = (name: string): string => name.replace(/(?:\.(?:func|gowrap|deferwrap)?\d+)+$/u, '');

/** `main.blockSend main.go:15`, or as much as is known. */
export function siteName(group: Pick<GoroutineGroup, 'stack'>): string {
  const site = siteOf(group);
  return site ? placeOf(site) : 'an unknown place';
}
