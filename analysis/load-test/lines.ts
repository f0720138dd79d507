// Lines out of a stream of bytes, and of those the few that say something about load.
import { isRunEnd, isRunStart, type RunEnd, type RunStart } from './run-record.ts';

/** One request, as k6 saw it. */
export interface RequestPoint {
  /** The name the script gives it, or method and URL where it gives none. */
  endpoint: string;
  durationMs: number;
  /** Milliseconds since 1970 at which it ended. */
  atMs: number;
  failed: boolean;
  /** No response came (refused, reset, timed out): its latency is at least `durationMs`. */
  unanswered: boolean;
}

export interface LineHandlers {
  request(point: RequestPoint): void;
  /** @param atMs milliseconds since 1970 at which they ended. */
  iterations(count: number, atMs: number): void;
  dropped(count: number): void;
  runStart(start: RunStart): void;
  runEnd(end: RunEnd): void;
  malformed(): void;
}

/** k6 writes about 300 bytes a line; a longer one than this is no line of k6's and is not kept in memory. */
const LINE_LIMIT_BYTES = 1024 * 1024;

const NEWLINE = 10;
const CLOSING_BRACE = 125;
const QUOTE = 34;
const METRIC = Buffer.from('{"metric":"');
/** Older k6 writes the same keys in another order, with the metric last. */
const POINT = Buffer.from('{"type":"Point","data":');
const METRIC_LAST = Buffer.from(',"metric":"');
const TYPE = Buffer.from('{"type":"');
const REQUEST = Buffer.from('http_req_duration"');
const ITERATIONS = Buffer.from('iterations"');
const DROPPED = Buffer.from('dropped_iterations"');
const ignore = (): void => undefined;

/**
 * Feeds chunks to the handlers line by line. 10 of k6's 12 lines per request are skipped after a look at their first and last bytes, so
 * that only one is parsed as JSON; that is what makes it several times faster than parsing all.
 */
export class LoadLineReader {
  /** For those who want a few kinds of lines only. */
  static readonly ignoringAll: LineHandlers = {
    request: ignore,
    iterations: ignore,
    dropped: ignore,
    runStart: ignore,
    runEnd: ignore,
    malformed: ignore,
  };
  readonly #handlers: LineHandlers;
  #carry: Buffer[] = [];
  #carryBytes = 0;
  #tooLong = false;
  linesRead = 0;

  constructor(handlers: LineHandlers) {
    this.#handlers = handlers;
  }

  push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      if (this.#carryBytes > 0 || this.#tooLong) this.#finishCarried(chunk.subarray(from, end));
      else this.#line(chunk, from, end);
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** Ends the stream; answers true when it was cut off in the middle of a line. */
  end(): boolean {
    const cutOff = this.#carryBytes > 0 || this.#tooLong;
    if (cutOff) this.#handlers.malformed();
    this.#carry = [];
    this.#carryBytes = 0;
    this.#tooLong = false;
    return cutOff;
  }

  #keep(rest: Buffer): void {
    if (this.#tooLong) return;
    if (this.#carryBytes + rest.length > LINE_LIMIT_BYTES) {
      this.#tooLong = true;
      this.#carry = [];
      this.#carryBytes = 0;
      return;
    }
    // A copy: the chunk's memory may be used again by whoever gave it.
    this.#carry.push(Buffer.from(rest));
    this.#carryBytes += rest.length;
  }

  #finishCarried(rest: Buffer): void {
    const tooLong = this.#tooLong;
    const line = Buffer.concat([...this.#carry, rest]);
    this.#carry = [];
    this.#carryBytes = 0;
    this.#tooLong = false;
    if (tooLong) {
      this.linesRead += 1;
      this.#handlers.malformed();
    } else this.#line(line, 0, line.length);
  }

  #line(chunk: Buffer, from: number, end: number): void {
    if (end === from) return;
    this.linesRead += 1;
    if (chunk[end - 1] !== CLOSING_BRACE) return this.#handlers.malformed();
    if (startsWith(chunk, from, METRIC)) return this.#point(chunk, from, end, from + METRIC.length);
    if (startsWith(chunk, from, POINT)) {
      const last = chunk[end - 2] === QUOTE ? chunk.lastIndexOf(METRIC_LAST, end) : -1;
      if (last < from) return this.#handlers.malformed();
      return this.#point(chunk, from, end, last + METRIC_LAST.length);
    }
    if (!startsWith(chunk, from, TYPE)) return this.#handlers.malformed();
    const record = parse(chunk, from, end);
    if (record === null) return this.#handlers.malformed();
    if (record.type === 'Run') {
      if (isRunStart(record.data)) this.#handlers.runStart(record.data);
      else this.#handlers.malformed();
    } else if (record.type === 'End') {
      if (isRunEnd(record.data)) this.#handlers.runEnd(record.data);
      else this.#handlers.malformed();
    } else if (record.type !== 'Metric') this.#handlers.malformed();
  }

  /** @param name where the name of the metric begins. */
  #point(chunk: Buffer, from: number, end: number, name: number): void {
    if (startsWith(chunk, name, REQUEST)) this.#request(parse(chunk, from, end));
    else if (startsWith(chunk, name, ITERATIONS)) this.#iterations(parse(chunk, from, end));
    else if (startsWith(chunk, name, DROPPED)) this.#dropped(parse(chunk, from, end));
  }

  #request(record: Line | null): void {
    const data = record?.data;
    const tags = data?.tags;
    const atMs = timeOf(record);
    if (!data || !tags || typeof tags.name !== 'string' || !isCount(data.value) || Number.isNaN(atMs)) return this.#handlers.malformed();
    const status = Number(tags.status ?? 0);
    const unanswered = !(status > 0);
    const failed = unanswered || (tags.expected_response === undefined ? status >= 400 : tags.expected_response === 'false');
    this.#handlers.request({ endpoint: endpointOf(tags, tags.name), durationMs: data.value, atMs, failed, unanswered });
  }

  #iterations(record: Line | null): void {
    const atMs = timeOf(record);
    if (isCount(record?.data?.value) && !Number.isNaN(atMs)) this.#handlers.iterations(record.data.value, atMs);
    else this.#handlers.malformed();
  }

  #dropped(record: Line | null): void {
    if (isCount(record?.data?.value)) this.#handlers.dropped(record.data.value);
    else this.#handlers.malformed();
  }
}

/**
 * A script names requests as it likes. Where it does not, k6's name is the URL, the same for a GET and a POST: together the slow one of two
 * hundred would hide among the quick ones, so the method goes before it.
 */
function endpointOf(tags: Record<string, unknown>, name: string): string {
  if (tags['url'] !== undefined && tags['url'] !== name) return name;
  return typeof tags['method'] === 'string' && name.includes('://') ? `${tags['method']} ${name}` : name;
}

interface Line {
  type?: unknown;
  data?: { time?: unknown; value?: unknown; tags?: Record<string, unknown> | null } | null;
}

function parse(chunk: Buffer, from: number, end: number): Line | null {
  try {
    return JSON.parse(chunk.toString('utf8', from, end)) as Line;
  } catch (cause) {
    if ((cause as Error).name === 'SyntaxError') return null;
    throw cause;
  }
}

/** NaN where there is none. */
function timeOf(record: Line | null): number {
  const time = record?.data?.time;
  return typeof time === 'string' ? Date.parse(time) : Number.NaN;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function startsWith(chunk: Buffer, at: number, pattern: Buffer): boolean {
  for (let i = 0; i < pattern.length; i += 1) if (chunk[at + i] !== pattern[i]) return false;
  return true;
}
