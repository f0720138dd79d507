// Reads a goroutine dump as `debug=2`, a panic or SIGQUIT print it: one stack each.
import type { GoroutineGroup } from './goroutines.ts';
import { bytesOf, Lines, sameBytes } from './lines.ts';
import { stackReader } from './stacks.ts';

export interface Goroutine extends GoroutineGroup {
  id: number;
  lockedToThread: boolean;
  /** Deeper frames were omitted by the runtime (over 100). */
  framesElided: boolean;
}

const HEADER = bytesOf('goroutine ');
const CUT_HEADER = /^goroutine \d+ .*\[/;

/**
 * Calls `take` for each goroutine and returns what could not be read, as `invalid function call on line 6: "main.main)("`. A goroutine with
 * such a line is left out, the next one is read again. Goroutines of one stack share its array.
 */
export function readDump(bytes: Uint8Array, take: (goroutine: Goroutine) => void): string[] {
  const problems: string[] = [];
  const lines = new Lines(bytes);
  const readHeader = headerReader(lines);
  const readStack = stackReader(lines);
  while (lines.step()) {
    if (!lines.startsWith(HEADER)) continue;
    const header = readHeader();
    if (header === null) {
      // Other text may begin with the same word; with a number and a bracket it is a goroutine that was cut off.
      const text = lines.text();
      if (CUT_HEADER.test(text)) problems.push(`invalid goroutine header on line ${lines.number}: ${JSON.stringify(text)}`);
      continue;
    }
    const stack = readStack();
    if (typeof stack === 'string') {
      problems.push(stack);
      continue;
    }
    const { id, state, leaked, waitMinutes, lockedToThread } = header;
    const { frames, creator, framesElided } = stack;
    take({ id, state, leaked, waitMinutes, lockedToThread, stack: frames, creator, count: 1, framesElided });
  }
  return problems;
}

interface Attributes {
  state: string;
  leaked: boolean;
  waitMinutes: number;
  lockedToThread: boolean;
}
type Header = Attributes & { id: number };

/** Bracket contents are recognized by their bytes. A power of two: there are some ten states of some ten minutes. */
const KNOWN_ATTRIBUTES = 1_024;

const [LEFT_BRACKET, RIGHT_BRACKET, ZERO] = [91, 93, 48];

/** `goroutine 21 [chan send, 2 minutes, locked to thread]:`; null when the line is not a header. */
function headerReader(lines: Lines): () => Header | null {
  const { bytes, words } = lines;
  const known: ({ from: number; length: number; attributes: Attributes } | undefined)[] = Array.from({ length: KNOWN_ATTRIBUTES });
  const attributesIn = (from: number, length: number, hash: number): Attributes => {
    const slot = (hash ^ (hash >>> 10)) & (KNOWN_ATTRIBUTES - 1);
    const last = known[slot];
    if (last !== undefined && last.length === length && sameBytes(words, last.from, from, length)) return last.attributes;
    const attributes = readAttributes(lines.text(from, from + length));
    known[slot] = { from, length, attributes };
    return attributes;
  };
  return () => {
    const { from, to } = lines;
    let open = from + HEADER.length;
    while (open < to && bytes[open] !== LEFT_BRACKET) open += 1;
    let close = open + 1;
    let hash = 0;
    for (; close < to && bytes[close] !== RIGHT_BRACKET; close += 1) hash = (Math.imul(hash, 31) + (bytes[close] as number)) | 0;
    if (close >= to) return null;
    const id = readId(lines, from + HEADER.length, open);
    if (!Number.isInteger(id)) return null;
    const { state, leaked, waitMinutes, lockedToThread } = attributesIn(open + 1, close - open - 1, hash);
    return { id, state, leaked, waitMinutes, lockedToThread };
  };
}

/** Newer runtimes print more between the id and the bracket (`gp=0x… m=0 mp=0x…`). */
function readId(lines: Lines, from: number, to: number): number {
  let at = from;
  let id = 0;
  for (; at < to; at += 1) {
    const digit = (lines.bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    id = id * 10 + digit;
  }
  return at > from && id <= Number.MAX_SAFE_INTEGER ? id : Number.parseInt(lines.text(from, to), 10);
}

function readAttributes(text: string): Attributes {
  const [state = '', ...more] = text.split(', ');
  let waitMinutes = 0;
  let lockedToThread = false;
  for (const part of more) {
    if (part === 'locked to thread') lockedToThread = true;
    else if (part.endsWith(' minutes')) waitMinutes = Number.parseInt(part, 10);
  }
  const leaked = state.includes(' (leaked)');
  return { state: state.replace(/ \((leaked|scan|durable)\)/g, ''), leaked, waitMinutes, lockedToThread };
}
