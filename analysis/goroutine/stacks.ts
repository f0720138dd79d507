// The stacks of a dump. A call is recognized by its bytes and the call before it, so that a repeated stack costs no text and no memory.
import type { Frame } from './goroutines.ts';
import { bytesOf, NEWLINE, RETURN, sameBytes, type Lines } from './lines.ts';

export interface Stack {
  /** One array per stack, shared by all goroutines that have it. */
  frames: readonly Frame[];
  creator: Frame | null;
  /** Deeper frames were left out by the runtime (over 100). */
  framesElided: boolean;
}

/** Calls remembered: a power of two. 200 different stacks of 50 calls are 10,000; memory stays at some 10 MB however many there are. */
const CALLS = 65_536;
/** Slots for one call; when all are taken the next call replaces one of them, which is then read again when it recurs. */
const WAYS = 4;
/** Frames kept to be shared: some 250 bytes each with their texts, 64 MB in all. Beyond it all are dropped and read again. */
const FRAMES = 262_144;

/** 2^32 by the golden ratio: a multiplication spreads neighbours over the upper half. */
const SPREAD = 0x9e3779b1;

const CREATED_BY = bytesOf('created by ');
const IN_GOROUTINE = bytesOf(' in goroutine ');
const ORIGINATING = bytesOf('[originating from goroutine ');
const DOTS = bytesOf('...');
const ELIDED = /^\.\.\.(additional|\d+) frames elided/;
const TAB = 9;
const SPACE = 32;
const OPEN = 40;
const CLOSE = 41;

/**
 * Reads the lines below a header, up to the blank one. Text that is not a stack becomes a problem: `invalid function call on line 6:
 * "main.main)("`. Ancestors (`[originating from …]`) are not goroutines of this process and are skipped.
 */
export function stackReader(lines: Lines): () => Stack | string {
  const calls = new Calls(lines);
  const frames: Frame[] = [];
  return () => {
    frames.length = 0;
    let last = calls.start;
    let creator: Frame | null = null;
    let framesElided = false;
    for (;;) {
      let call = calls.stepAfter(last);
      if (call === null) {
        lines.step();
        if (lines.empty) {
          if (frames.length === 0) return `invalid function call on line ${lines.number}: ""`;
          break;
        }
        if (lines.startsWith(ORIGINATING)) {
          while (lines.step() && !lines.empty);
          break;
        }
        if (lines.startsWith(DOTS) && ELIDED.test(lines.text())) {
          framesElided = true;
          continue;
        }
        const creates = lines.startsWith(CREATED_BY);
        const name = creates ? lines.from + CREATED_BY.length : lines.from;
        const nameEnd = creates ? creatorEnd(lines) : nameEndOfCall(lines);
        if (nameEnd === -1) return `invalid function call on line ${lines.number}: ${JSON.stringify(lines.text())}`;
        lines.step();
        call = calls.after(last, creates, name, nameEnd - name);
        if (call === null) return `invalid file:line ref on line ${lines.number}: ${JSON.stringify(lines.text())}`;
      }
      if (call.creates) creator = call.frame;
      else frames.push(call.frame);
      last = call;
    }
    return { frames: (last.stack ??= frames.slice()), creator, framesElided };
  };
}

/** Byte offsets of a call's name and place where it first occurred, and the call before it. */
interface CallText {
  /** Id of the call before it. */
  before: number;
  creates: boolean;
  name: number;
  nameLength: number;
  place: number;
  placeLength: number;
}

/** One call below others. Its fields are assigned one by one: all calls share one hidden class, which keeps comparing fast. */
class Call implements CallText {
  readonly id: number;
  readonly before: number;
  readonly creates: boolean;
  readonly name: number;
  readonly nameLength: number;
  readonly place: number;
  readonly placeLength: number;
  readonly frame: Frame;
  /** Slot of the call that last came after it and probably does so again; a reference would keep every call alive. */
  next = 0;
  /** Stack of the goroutines that end here; created with the first. */
  stack: readonly Frame[] | null = null;

  constructor(id: number, frame: Frame, { before, creates, name, nameLength, place, placeLength }: CallText) {
    this.id = id;
    this.before = before;
    this.creates = creates;
    this.name = name;
    this.nameLength = nameLength;
    this.place = place;
    this.placeLength = placeLength;
    this.frame = frame;
  }
}

const NO_TEXT: CallText = { before: -1, creates: false, name: 0, nameLength: 0, place: 0, placeLength: 0 };

/** The calls read so far, each below the one before it. */
class Calls {
  /** Stands before the first call of a stack. */
  readonly start = new Call(0, { function: '', file: '', line: 0 }, NO_TEXT);
  readonly #lines: Lines;
  readonly #known: (Call | undefined)[] = Array.from({ length: CALLS });
  readonly #frameOf = frameReader();
  #made = 0;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  /** Steps over the two lines of the call that last followed `last`; null, without a step, where the lines differ. */
  stepAfter(last: Call): Call | null {
    const likely = this.#known[last.next];
    return likely !== undefined && likely.before === last.id && stepOver(this.#lines, likely) ? likely : null;
  }

  /** The call after `last` whose place is the current line; null where the line is not a place. */
  after(last: Call, creates: boolean, name: number, nameLength: number): Call | null {
    const lines = this.#lines;
    const known = this.#known;
    const { words, from: place, to } = lines;
    const placeLength = to - place;
    let hash = Math.imul(last.id, SPREAD) + nameLength * 7 + placeLength;
    // Calls of one function differ at the end of their place: the line and the offset.
    if (placeLength >= 12) for (let at = to - 12; at < to; at += 4) hash = Math.imul(hash ^ words.getInt32(at), SPREAD);
    hash >>>= 16;
    let tried = 0;
    for (; tried < WAYS; tried += 1) {
      const slot = (hash + tried) & (CALLS - 1);
      const call = known[slot];
      if (call === undefined) break;
      if (
        call.before === last.id &&
        call.creates === creates &&
        call.nameLength === nameLength &&
        call.placeLength === placeLength &&
        sameBytes(words, call.place, place, placeLength) &&
        sameBytes(words, call.name, name, nameLength)
      ) {
        last.next = slot;
        return call;
      }
    }
    const frame = this.#frameOf(lines.text(name, name + nameLength), lines.text());
    if (frame === null) return null;
    const id = (this.#made += 1);
    last.next = (hash + (tried < WAYS ? tried : id % WAYS)) & (CALLS - 1);
    return (known[last.next] = new Call(id, frame, { before: last.id, creates, name, nameLength, place, placeLength }));
  }
}

/** Steps over two lines that repeat this call, reading each byte once; false, without a step, where they differ or need a full read. */
function stepOver(lines: Lines, { creates, name, nameLength, place, placeLength }: Call): boolean {
  const { bytes, words, next } = lines;
  // Before Go 1.21 the creator's name was the whole line.
  if (creates && bytes[name + nameLength] !== SPACE) return false;
  const head = creates ? CREATED_BY.length + nameLength + IN_GOROUTINE.length : nameLength + 1;
  const from = creates ? name - CREATED_BY.length : name;
  let at = next + head;
  if (at + placeLength + 2 > bytes.length || !sameBytes(words, from, next, head)) return false;
  for (; bytes[at] !== NEWLINE; at += 1) if (at === bytes.length || (bytes[at] === OPEN && !creates)) return false;
  if (!creates && bytes[bytes[at - 1] === RETURN ? at - 2 : at - 1] !== CLOSE) return false;
  at += 1;
  if (at + placeLength + 2 > bytes.length || !sameBytes(words, place, at, placeLength)) return false;
  at += placeLength;
  if (bytes[at] === RETURN) at += 1;
  if (bytes[at] !== NEWLINE) return false;
  lines.next = at + 1;
  lines.number += 2;
  return true;
}

/** One object per name and place, up to FRAMES of them. */
function frameReader(): (name: string, placeLine: string) => Frame | null {
  const frames = new Map<string, Frame>();
  return (name, placeLine) => {
    const key = `${name}\n${placeLine}`;
    const known = frames.get(key);
    if (known !== undefined) return known;
    const place = readPlace(placeLine);
    if (place === null) return null;
    if (frames.size === FRAMES) frames.clear();
    const frame = { function: name, ...place };
    frames.set(key, frame);
    return frame;
  };
}

/** End of the function name in `main.(*T).run({0x1, 0x2}, ...)`, which precedes the arguments; -1 where the line is not a call. */
function nameEndOfCall({ bytes, from, to }: Lines): number {
  if (bytes[to - 1] !== CLOSE) return -1;
  // Arguments contain no parentheses, and those of a receiver precede the last opening one.
  let open = to - 1;
  while (open > from && bytes[open] !== OPEN) open -= 1;
  return open === from || bytes[open - 1] === CLOSE ? -1 : open;
}

/** End of the function name in `created by main.main in goroutine 1`. */
function creatorEnd({ bytes, from, to }: Lines): number {
  const last = to - IN_GOROUTINE.length;
  for (let at = from + CREATED_BY.length; at <= last; at += 1) {
    if (bytes[at] !== IN_GOROUTINE[0]) continue;
    let same = 1;
    while (same < IN_GOROUTINE.length && bytes[at + same] === IN_GOROUTINE[same]) same += 1;
    if (same === IN_GOROUTINE.length) return at;
  }
  return to;
}

/** `\t/path/file.go:15 +0x1d`; paths may contain spaces and colons (Windows). */
function readPlace(line: string): { file: string; line: number } | null {
  if (line.charCodeAt(0) !== TAB) return null;
  const offset = line.lastIndexOf(' +0x');
  const place = offset === -1 ? line.slice(1) : line.slice(1, offset);
  const colon = place.lastIndexOf(':');
  const number = Number(place.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(number)) return null;
  return { file: place.slice(0, colon), line: number };
}
