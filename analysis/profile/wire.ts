// Protocol buffers: the few wire types that a profile uses, with every read inside its bounds.
import { UnreadableEvidence } from '../analysis.ts';

const TWO_32 = 4_294_967_296;
const TWO_21 = 2_097_152;

/** Wire types. 0: a varint at `from`; 2: bytes from `from` to `to`. */
export const VARINT = 0;
export const BYTES = 2;

const damaged = (what: string, at: number): UnreadableEvidence =>
  new UnreadableEvidence(what, `byte ${at}`, 'capture the profile again; it is damaged or not a pprof profile');

/** A cursor over protobuf bytes. Numbers above 2^53 keep their high and low halves in `high` and `low`. */
export class Wire {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** Halves of the last varint, unsigned. */
  high = 0;
  low = 0;
  /** Field number and wire type that `field()` last read. */
  number = 0;
  kind = 0;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Reads the next field's number and kind; false at the end. */
  field(): boolean {
    if (this.at >= this.end) return false;
    const key = this.unsigned();
    this.number = key >>> 3;
    this.kind = key & 7;
    if (this.number === 0) throw damaged('a field has the number 0', this.at);
    return true;
  }

  /** An unsigned varint as a double, exact to 2^53; `high` and `low` are always exact. */
  unsigned(): number {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at++] as number;
    // Nine of ten varints in a profile have one byte or two.
    if (byte < 0x80 && at <= this.end) {
      this.at = at;
      this.high = 0;
      return (this.low = byte);
    }
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; ; shift += 7) {
      if (at >= this.end) throw damaged('a number runs past the end of its message', at);
      byte = bytes[at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      else throw damaged('a number has more than ten bytes', at);
      if (byte < 0x80) break;
    }
    this.at = at;
    this.low = low >>> 0;
    this.high = high >>> 0;
    return this.high * TWO_32 + this.low;
  }

  /** A signed 64-bit varint; throws where a double cannot hold it. */
  signed(): number {
    const start = this.at;
    const value = this.unsigned();
    if (this.high < TWO_21) return value;
    const negative = (this.high - TWO_32) * TWO_32 + this.low;
    if (Number.isSafeInteger(negative)) return negative;
    throw damaged('a number is above 2^53', start);
  }

  /** Length of the bytes that follow; leaves the cursor at their start. */
  length(): number {
    const start = this.at;
    const length = this.unsigned();
    if (length > this.end - this.at) throw damaged('a message runs past the end of the one around it', start);
    return length;
  }

  /** Moves the cursor past the current field. */
  skip(): void {
    if (this.kind === VARINT) this.unsigned();
    else if (this.kind === BYTES) {
      const length = this.length();
      this.at += length;
    } else if (this.kind === 1 || this.kind === 5) {
      this.at += this.kind === 1 ? 8 : 4;
      if (this.at > this.end) throw damaged('a number runs past the end of its message', this.at);
    } else throw damaged(`wire type ${this.kind} is unknown`, this.at);
  }

  /** Refuses a field with another wire type. */
  expect(kind: number): void {
    if (this.kind !== kind) throw damaged(`field ${this.number} has wire type ${this.kind}, not ${kind}`, this.at);
  }
}
