// The stacks of a dump. A call is known again by its bytes and by the call before it, so that a stack seen before costs no text and no memory.
import type { Frame } from './goroutines.ts';
import { bytesOf, NEWLINE, RETURN, sameBytes, type Lines } from './lines.ts';

export interface Stack {
  /** One array per stack, handed out again with each goroutine that has it. */
  frames: readonly Frame[];
  creator: Frame | null;
  /** Deeper frames were left out by the runtime (over 100). */
  framesElided: boolean;
}

/** Calls known again: a power of two. 200 different stacks of 50 calls are 10,000; memory stays at some 10 MB however many there are. */
const CALLS = 65_536;
/** Places in which one call may lie; when all are taken the next one replaces one of them, and that is read anew where it comes again. */
const WAYS = 4;
/** Frames kept to be handed out again: some 250 bytes each with their texts, 64 MB in all. Beyond it all are forgotten, and read anew. */
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
 * Reads the lines below a header, to the blank one; what is no stack is told as `invalid function call on line 6: "main.main)("`. Ancestors
 * (`[originating from …]`) are no goroutines of this process and are passed over.
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

/** One call below others: where its name and its place lie the first time. */
class Call {
  readonly id: number;
  /** Id of the call before it. */
  readonly before: number;
  readonly creates: boolean;
  readonly name: number;
  readonly nameLength: number;
  readonly place: number;
  readonly placeLength: number;
  readonly frame: Frame;
  /** Where the call lies that came after it last, and is likely to do so again: a reference would keep every call there was. */
  next = 0;
  /** Of goroutines that end here; made with the first. */
  stack: readonly Frame[] | null = null;

  constructor(
    id: number,
    before: number,
    creates: boolean,
    name: number,
    nameLength: number,
    place: number,
    placeLength: number,
    frame: Frame,
  ) {
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

/** The calls that were read, each below the one before it. */
class Calls {
  /** Before the first of a stack. */
  readonly start = new Call(0, -1, false, 0, 0, 0, 0, { function: '', file: '', line: 0 });
  readonly #lines: Lines;
  readonly #known: (Call | undefined)[] = Array.from({ length: CALLS });
  readonly #frameOf = frameReader();
  #made = 0;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  /** Steps over the two lines of the call that came after `last` before; null, and no step, where they are not these. */
  stepAfter(last: Call): Call | null {
    const likely = this.#known[last.next];
    return likely !== undefined && likely.before === last.id && stepOver(this.#lines, likely) ? likely : null;
  }

  /** The call after `last` whose place is the line at hand; null where that is no place. */
  after(last: Call, creates: boolean, name: number, nameLength: number): Call | null {
    const lines = this.#lines;
    const known = this.#known;
    const { words, from: place, to } = lines;
    const placeLength = to - place;
    let hash = Math.imul(last.id, SPREAD) + nameLength * 7 + placeLength;
    // Calls of one function differ in the end of their place: the line and the offset.
    if (placeLength >= 12) for (let at = to - 12; at < to; at += 4) hash = Math.imul(hash ^ words.getInt32(at), SPREAD);
    hash >>>= 16;
    let way = 0;
    for (; way < WAYS; way += 1) {
      const slot = (hash + way) & (CALLS - 1);
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
    last.next = (hash + (way < WAYS ? way : id % WAYS)) & (CALLS - 1);
    return (known[last.next] = new Call(id, last.id, creates, name, nameLength, place, placeLength, frame));
  }
}

/** Steps over two lines that are this call again, reading each byte once; false, and no step, where they are not or that takes a closer look. */
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

/** One object per name and place, as long as there are not too many. */
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

/** End of the function's name in `main.(*T).run({0x1, 0x2}, ...)`, which stands before the arguments; -1 where the line is no call. */
function nameEndOfCall({ bytes, from, to }: Lines): number {
  if (bytes[to - 1] !== CLOSE) return -1;
  // Arguments hold no parentheses, and a receiver's stand before the last opening one.
  let open = to - 1;
  while (open > from && bytes[open] !== OPEN) open -= 1;
  return open === from || bytes[open - 1] === CLOSE ? -1 : open;
}

/** End of the function's name in `created by main.main in goroutine 1`. */
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

/** `\t/path/file.go:15 +0x1d`; paths may hold spaces and colons (Windows). */
function readPlace(line: string): { file: string; line: number } | null {
  if (line.charCodeAt(0) !== TAB) return null;
  const offset = line.lastIndexOf(' +0x');
  const place = offset === -1 ? line.slice(1) : line.slice(1, offset);
  const colon = place.lastIndexOf(':');
  const number = Number(place.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(number)) return null;
  return { file: place.slice(0, colon), line: number };
}
