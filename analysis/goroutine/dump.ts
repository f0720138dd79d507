// Reads a dump of goroutines as `debug=2`, a panic or SIGQUIT print it: one stack each.
import type { Frame, GoroutineGroup } from './goroutines.ts';

export interface Goroutine extends GoroutineGroup {
  id: number;
  lockedToThread: boolean;
  /** Deeper frames were left out by the runtime (over 100). */
  framesElided: boolean;
}

/** A power of two; a dump has some hundred places. */
const RECENT = 4_096;

const HEADER = 'goroutine ';
const CUT_HEADER = /^goroutine \d+ .*\[/;
const CREATED_BY = 'created by ';
const ORIGINATING = '[originating from goroutine ';
const ELIDED = /^\.\.\.(additional|\d+) frames elided/;

/**
 * Hands each goroutine to `take`, and answers what could not be read, as `invalid function call on line 6: "main.main)("`. A goroutine with
 * such a line is left out; the next one is read again. Ancestors (`[originating from …]`) are no goroutines of this process and are passed over.
 */
export function readDump(text: string, take: (goroutine: Goroutine) => void): string[] {
  const problems: string[] = [];
  const places = new Map<string, { file: string; line: number } | null>();
  const frames = new Map<string, Map<string, Frame>>();
  const said = new Map<string, Said>();
  let at = 0;
  let lineNumber = 0;
  const nextLine = (): string => {
    lineNumber += 1;
    if (at > text.length) return '';
    let end = text.indexOf('\n', at);
    if (end === -1) end = text.length;
    const line = text.slice(at, text.charCodeAt(end - 1) === 13 && end > at ? end - 1 : end);
    at = end + 1;
    return line;
  };
  /** Positions right before the next goroutine's header; false when there is none. */
  const toHeader = (): boolean => {
    while (at < text.length) {
      if (text.startsWith(HEADER, at)) return true;
      nextLine();
    }
    return false;
  };
  const placeAt = (line: string): { file: string; line: number } | null => {
    const known = places.get(line);
    if (known !== undefined) return known;
    const found = readPlace(line);
    places.set(line, found);
    return found;
  };
  /** Frames by a few characters of their place line: comparing two lines is quicker than hashing one, and there are a million. */
  const recent: ({ name: string; placeLine: string; frame: Frame } | undefined)[] = Array.from({ length: RECENT });
  const frameOf = (name: string, placeLine: string): Frame | null => {
    const end = placeLine.length;
    const slot =
      (end * 31 +
        name.length * 7 +
        placeLine.charCodeAt(end - 8) * 5 +
        placeLine.charCodeAt(end - 7) * 131 +
        placeLine.charCodeAt(end >> 1)) &
      (RECENT - 1);
    const last = recent[slot];
    if (last !== undefined && last.placeLine === placeLine && last.name === name) return last.frame;
    let ofPlace = frames.get(placeLine);
    if (!ofPlace) frames.set(placeLine, (ofPlace = new Map<string, Frame>()));
    let frame = ofPlace.get(name);
    if (frame === undefined) {
      const place = placeAt(placeLine);
      if (!place) return null;
      ofPlace.set(name, (frame = { function: name, ...place }));
    }
    recent[slot] = { name, placeLine, frame };
    return frame;
  };

  while (toHeader()) {
    const headerLine = nextLine();
    const header = readHeader(headerLine, said);
    if (!header) {
      // Other text may begin with the same word; a number and a bracket are a goroutine that was cut off.
      if (CUT_HEADER.test(headerLine)) problems.push(`invalid goroutine header on line ${lineNumber}: ${JSON.stringify(headerLine)}`);
      continue;
    }
    const stack: Frame[] = [];
    let creator: Frame | null = null;
    let framesElided = false;
    let problem = '';
    for (;;) {
      const atEnd = at >= text.length;
      const line = atEnd ? ((lineNumber += 1), '') : nextLine();
      if (line === '') {
        if (stack.length === 0) problem = `invalid function call on line ${lineNumber}: ""`;
        break;
      }
      if (line.startsWith(ORIGINATING)) {
        passAncestors();
        break;
      }
      if (line.startsWith('...') && ELIDED.test(line)) {
        framesElided = true;
        continue;
      }
      const creates = line.startsWith(CREATED_BY);
      const name = creates ? creatorName(line) : callName(line);
      if (name === null) {
        problem = `invalid function call on line ${lineNumber}: ${JSON.stringify(line)}`;
        break;
      }
      const placeLine = at >= text.length ? ((lineNumber += 1), '') : nextLine();
      const frame = frameOf(name, placeLine);
      if (frame === null) {
        problem = `invalid file:line ref on line ${lineNumber}: ${JSON.stringify(placeLine)}`;
        break;
      }
      if (creates) creator = frame;
      else stack.push(frame);
    }
    if (problem === '') {
      const { id, state, leaked, waitMinutes, lockedToThread } = header;
      take({ id, state, leaked, waitMinutes, lockedToThread, stack, creator, count: 1, framesElided });
    } else problems.push(problem);
  }
  return problems;

  function passAncestors(): void {
    while (at < text.length && nextLine() !== '');
  }
}

type Header = Omit<Goroutine, 'stack' | 'creator' | 'count' | 'framesElided'>;
type Said = Omit<Header, 'id'>;

/** `goroutine 21 [chan send, 2 minutes, locked to thread]:`; null when it is none. `known`: what stood in brackets before, for there are few. */
function readHeader(line: string, known: Map<string, Said>): Header | null {
  const open = line.indexOf('[', HEADER.length);
  const close = line.indexOf(']', open);
  if (open === -1 || close === -1) return null;
  // Between the id and the bracket newer runtimes may print more (`gp=0x… m=0 mp=0x…`).
  const id = Number.parseInt(line.slice(HEADER.length, open), 10);
  if (!Number.isInteger(id)) return null;
  const text = line.slice(open + 1, close);
  let said = known.get(text);
  if (said === undefined) known.set(text, (said = readSaid(text)));
  return { id, state: said.state, leaked: said.leaked, waitMinutes: said.waitMinutes, lockedToThread: said.lockedToThread };
}

function readSaid(text: string): Said {
  const [said = '', ...more] = text.split(', ');
  let waitMinutes = 0;
  let lockedToThread = false;
  for (const part of more) {
    if (part === 'locked to thread') lockedToThread = true;
    else if (part.endsWith(' minutes')) waitMinutes = Number.parseInt(part, 10);
  }
  const leaked = said.includes(' (leaked)');
  return { state: said.replace(/ \((leaked|scan|durable)\)/g, ''), leaked, waitMinutes, lockedToThread };
}

/** Name of the function in `main.(*T).run({0x1, 0x2}, ...)`: what stands before the arguments. */
function callName(line: string): string | null {
  if (line.charCodeAt(line.length - 1) !== 41) return null;
  // Arguments hold no parentheses, and a receiver's stand before the last opening one.
  const open = line.lastIndexOf('(');
  if (open <= 0 || line.charCodeAt(open - 1) === 41) return null;
  return line.slice(0, open);
}

function creatorName(line: string): string {
  const end = line.indexOf(' in goroutine ', CREATED_BY.length);
  return end === -1 ? line.slice(CREATED_BY.length) : line.slice(CREATED_BY.length, end);
}

/** `\t/path/file.go:15 +0x1d`; paths may hold spaces and colons (Windows). */
function readPlace(line: string): { file: string; line: number } | null {
  if (line.charCodeAt(0) !== 9) return null;
  const offset = line.lastIndexOf(' +0x');
  const place = offset === -1 ? line.slice(1) : line.slice(1, offset);
  const colon = place.lastIndexOf(':');
  const number = Number(place.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(number)) return null;
  return { file: place.slice(0, colon), line: number };
}
