// What a goroutine waits for, told from its stack: profiles carry no state.
import { goPackage, isOwnCode, isRuntime, isStandardLibrary } from '../profile/names.ts';
import { placeOf, type Frame, type GoroutineGroup } from './goroutines.ts';

/** The runtime's own functions under a blocked call, innermost first, and the state they mean. */
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
 * The state of what `debug=1` does not tell: it leaves out the runtime's calls at the start of a stack, so a wait for a channel looks like work.
 * https://github.com/golang/go/blob/go1.26.0/src/runtime/pprof/pprof.go (printStackRecord)
 */
export const NOT_TOLD = 'not told';

/** State by the innermost frames that say one; `silent` when none of the first few does. */
export function stateOf(stack: readonly Frame[], silent = 'unknown'): string {
  for (const { function: name } of stack.slice(0, 8)) {
    for (const [functions, state] of STATES) if (functions.test(name)) return state;
  }
  return silent;
}

/** The innermost call of the service's own code; else of a module; where there is neither, the first that is not the runtime's. */
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

/** Calls that only start what they are given. */
const STARTERS = /^(runtime\.goexit$|sync\.\(\*WaitGroup\)\.Go\b)/;

/** The function a goroutine was started with: its outermost call. */
const entryOf = ({ stack }: Pick<GoroutineGroup, 'stack'>): string =>
  stack.findLast(({ function: name }) => !STARTERS.test(name))?.function ?? '';

/**
 * Started to wait, and to wait long: never a suspect, however many they are. Only where the library started the goroutine for itself: the
 * service's own goroutines run through the same packages and can hang there.
 */
const IDLE_BY_DESIGN: readonly (readonly [functions: RegExp, why: string, state?: string])[] = [
  // In a select it waits for a body to be read to its end: one that nobody closes is a leak.
  [/^net\/http\.\(\*persistConn\)\.readLoop/, 'an open connection of an HTTP client', 'IO wait'],
  [/^net\/http\.\(\*persistConn\)\.writeLoop/, 'an open connection of an HTTP client'],
  [/^net\/http\.\(\*connReader\)\.backgroundRead/, 'a request being served'],
  [/^net\/http\.\(\*http2(clientConnReadLoop\)|serverConn\)\.(serve|readFrames)$)/, 'an open HTTP/2 connection'],
  [/^(os\/signal\.(loop|signal_recv)|runtime\.ensureSigM)/, 'signals'],
  [/^database\/sql\.\(\*DB\)\.connectionOpener/, 'the opener of database/sql'],
  [/pgxpool\.\(\*Pool\)\.backgroundHealthCheck/, 'health check of the pool'],
  [/puddle\/.*\.\(\*Pool.*\)\.(destroy|createIdle)/, 'upkeep of the pool'],
  [/^google\.golang\.org\/grpc\/internal\/(transport|grpcsync|idle)\./, 'a gRPC connection'],
  [/^google\.golang\.org\/grpc\.\(\*Server\)\.handleRawConn/, 'an open connection of the gRPC server'],
  [/^go\.opentelemetry\.io\/otel\/sdk\/.*\.(processQueue|run|\(\*PeriodicReader\))/, 'an exporter between two batches'],
  [/^runtime\.(gcBgMarkWorker|bgsweep|bgscavenge|forcegchelper|runfinq|runFinalizers|runCleanups|ReadTrace)/, 'the runtime itself'],
];

/** A service starts these itself; handlers run in other goroutines. */
const LISTENER = /^(net\/http|google\.golang\.org\/grpc)\.\(\*Server\)\.Serve$/;

/** Why these goroutines wait by design, or null. An idle server connection waits for its next request below `(*conn).serve`. */
export function idleByDesign({ stack, state }: Pick<GoroutineGroup, 'stack' | 'state'>): string | null {
  const entry = entryOf({ stack });
  if (state === 'IO wait' && entry === 'net/http.(*conn).serve' && !inHandler(stack)) return 'an open connection of the HTTP server';
  if (stack.some(({ function: name }) => LISTENER.test(name))) return 'a listener';
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

/** A request being answered ends with its answer; only what outlives requests can leak. Our own questions (pprof, metrics) are none. */
export const isRequest = ({ stack }: Pick<GoroutineGroup, 'stack'>): boolean =>
  (inHandler(stack) ||
    stack.some(({ function: name }) => /^google\.golang\.org\/grpc\.\(\*Server\)\.(processUnaryRPC|handleStream)/.test(name))) &&
  !stack.some(({ function: name }) => /^net\/http\/pprof\.|^runtime\/pprof\.|\/promhttp\./.test(name));

export type Dependency = 'redis' | 'pool' | 'database' | 'grpc' | 'http' | 'dial' | 'mutex';

/** Whom a request waits for, by the first row that matches any function of its stack. */
const DEPENDENCIES: readonly (readonly [dependency: Dependency, functions: RegExp])[] = [
  ['dial', /^net\.\(\*(Dialer|sysDialer|Resolver)\)\.|^net\.(dial|lookup)|^net\.\(\*netFD\)\.connect/],
  ['pool', /pgxpool\.\(\*Pool\)\.Acquire|puddle\/.*\.(Acquire|acquire)|^database\/sql\.\(\*DB\)\.conn$/],
  ['redis', /^github\.com\/redis\/go-redis\//],
  ['database', /^github\.com\/jackc\/pgx\/|^github\.com\/lib\/pq\.|^database\/sql\./],
  ['grpc', /^google\.golang\.org\/grpc\.(\(\*ClientConn\)|\(\*clientStream\)|invoke|Invoke)/],
  ['http', /^net\/http\.\(\*(Client|Transport|persistConn)\)\.(do|Do|roundTrip|RoundTrip|getConn)/],
];

/** Whom this goroutine waits for, or null where it does not wait or its stack does not say. */
export function waitsFor({ stack, state }: Pick<GoroutineGroup, 'stack' | 'state'>): Dependency | null {
  if (state === 'sync.Mutex.Lock' || state.startsWith('sync.RWMutex.')) {
    // A lock inside a library belongs to the library; a service's own locks are taken in its own code.
    const holder = stack.find(({ function: name }) => !isStandardLibrary(goPackage(name)));
    if (holder && !DEPENDENCIES.some(([, functions]) => functions.test(holder.function))) return 'mutex';
  }
  if (state === 'running' || state === 'runnable' || state === 'unknown' || state === NOT_TOLD) return null;
  return DEPENDENCIES.find(([, functions]) => stack.some(({ function: name }) => functions.test(name)))?.[0] ?? null;
}

/** `never`: what it waits for can never be, whatever others do. */
export type LeakClass = 'never' | 'channel' | 'context' | 'WaitGroup' | 'mutex' | 'other';

export const isMain = ({ stack }: Pick<GoroutineGroup, 'stack'>): boolean =>
  stack.some(({ function: name }) => name === 'main.main' || name === 'runtime.main');

/**
 * A nil channel, or a select without cases: nothing can ever wake it, so no proof of the runtime is needed. Main may park in `select {}` while
 * others work.
 */
export const waitsForNothing = ({ state, stack }: Pick<GoroutineGroup, 'stack' | 'state'>): boolean =>
  state.includes('(nil chan)') || (state === 'select (no cases)' && !isMain({ stack }));

/**
 * What a goroutine that never ends waits for, and the sentence why. A stack tells what is waited for and never which statement was left out,
 * so that is said to be likely. `others`: that never end either.
 */
export function leakClass(
  group: Pick<GoroutineGroup, 'stack' | 'state'>,
  others: readonly GoroutineGroup[] = [],
): { class: LeakClass; why: string } {
  const { state, stack } = group;
  const bare = state.replace(' (leaked)', '');
  if (bare.includes('(nil chan)'))
    return { class: 'never', why: 'its channel is nil, and a nil channel is never ready: it was declared and never made' };
  if (bare === 'select (no cases)') return { class: 'never', why: 'a select without cases is never ready: it stops here for ever' };
  if (stack.some(({ function: name }) => name.startsWith('context.')))
    return { class: 'context', why: 'it waits for a context that nobody cancels: a cancel function is not called on every way out' };
  if (bare.startsWith('chan send'))
    return { class: 'channel', why: 'it sends to a channel that nobody reads any more: give it room for one, or select on a context too' };
  if (bare.startsWith('chan receive'))
    return { class: 'channel', why: 'it reads from a channel that nobody sends to or closes: the sender has to close it on every way out' };
  if (bare.startsWith('select'))
    return {
      class: 'context',
      why:
        'it selects on a context or channels of which none will ever be ready: likely the context is never cancelled, ' +
        'so call its cancel function on every way out, or nobody serves the channels any more',
    };
  const beside = besides(group, others);
  if (bare === 'sync.WaitGroup.Wait')
    return {
      class: 'WaitGroup',
      why:
        beside === null
          ? 'it waits for a WaitGroup that never comes to zero: likely a Done is missing on some way out; write `defer wg.Done()` first in every goroutine'
          : `it waits for a WaitGroup that never comes to zero: likely for those started beside it, which hang themselves at ${beside} and never come to Done`,
    };
  if (/Mutex/.test(bare))
    return {
      class: 'mutex',
      why:
        beside === null
          ? 'it waits for a lock that nobody gives back: likely an Unlock is missing on some way out; write `defer mu.Unlock()` right after Lock'
          : `it waits for a lock that nobody gives back: likely one started beside it holds it, and hangs itself at ${beside}`,
    };
  if (bare === NOT_TOLD || bare === 'unknown')
    return { class: 'other', why: 'this form of the profile does not tell what it waits for; take debug=0' };
  return { class: 'other', why: `it stays in state ${bare}` };
}

/** Where most of those hang that the same function started and that wait for something else; null where there are none. */
function besides({ state, stack }: Pick<GoroutineGroup, 'stack' | 'state'>, others: readonly GoroutineGroup[]): string | null {
  const site = siteOf({ stack })?.function;
  if (site === undefined) return null;
  const family = new Set([site, starterOf(site)]);
  const [largest] = others
    .filter((other) => other.state !== state && family.has(other.creator?.function ?? starterOf(entryOf(other))))
    .sort((a, b) => b.count - a.count);
  return largest === undefined ? null : `${siteName(largest)} (${largest.state})`;
}

/** `main.fanOut` of its closure `main.fanOut.func1`: where profiles do not tell who started a goroutine, the compiler's name does. */
const starterOf = (name: string): string => name.replace(/(?:\.(?:func|gowrap|deferwrap)?\d+)+$/u, '');

/** `main.blockSend main.go:15`, or what else is known. */
export function siteName(group: Pick<GoroutineGroup, 'stack'>): string {
  const site = siteOf(group);
  return site ? placeOf(site) : 'an unknown place';
}
