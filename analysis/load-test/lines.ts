// Lines from a stream of bytes, and the few among them that matter for load.
import { isRunEnd, isRunStart, type RunEnd, type RunStart } from './run-record.ts';

/** One request as k6 recorded it. */
export interface RequestPoint {
  /** The name set by the script, or method and URL without one. */
  endpoint: string;
  durationMs: number;
  /** Milliseconds since 1970 at which it ended. */
  atMs: number;
  failed: boolean;
  /** No response (refused, reset, timed out): its latency is at least `durationMs`. */
  unanswered: boolean;
}

export interface LineHandlers {
  request(point: RequestPoint): void;
  /** @param atMs end of the iterations, milliseconds since 1970. */
  iterations(count: number, atMs: number): void;
  dropped(count: number): void;
  runStart(start: RunStart): void;
  runEnd(end: RunEnd): void;
  malformed(): void;
}

/** k6 writes about 300 bytes a line; a longer line is not from k6 and is dropped. */
const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 10;
const CLOSING_BRACE = 125;
const QUOTE = 34;
const METRIC = Buffer.from('{"metric":"');
/** Older versions of k6 write the metric last. */
const POINT = Buffer.from('{"type":"Point","data":');
const METRIC_LAST = Buffer.from(',"metric":"');
const TYPE = Buffer.from('{"type":"');
const REQUEST = Buffer.from('http_req_duration"');
const ITERATIONS = Buffer.from('iterations"');
const DROPPED = Buffer.from('dropped_iterations"');
const ignore = (): void => undefined;

/**
 * Passes chunks to the handlers line by line. 10 of k6's 12 lines per request are skipped by their first and last bytes; only one is parsed
 * as JSON, which makes it several times faster.
 */
export class LoadLineReader {
  /** Handlers that do nothing, for readers of a few kinds of lines. */
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

  /** Ends the stream; true when it was truncated within a line. */
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
    if (this.#carryBytes + rest.length > MAX_LINE_BYTES) {
      this.#tooLong = true;
      this.#carry = [];
      this.#carryBytes = 0;
      return;
    }
    // A copy: the caller may reuse the chunk's memory.
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

  /** @param name offset of the metric's name. */
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
 * The script may name its requests. Without a name k6 uses the URL, which GET and POST share: a slow minority would disappear among fast
 * requests, so the method is prepended.
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

/** NaN without a valid time. */
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
