// Maps ids of a profile to the index in their table.
import { UnreadableEvidence } from '../analysis.ts';
import type { Wire } from './wire.ts';

/** Larger ids are looked up by their halves: a double cannot distinguish them from their neighbours. */
const MAX_PLAIN_ID = Number.MAX_SAFE_INTEGER;

/** Index by id. Dense ids 1..n, as Go writes them, need no lookup. */
export class Ids {
  readonly #plain = new Map<number, number>();
  readonly #large = new Map<string, number>();
  readonly #what: string;
  #count = 0;
  #dense = true;

  constructor(what: string) {
    this.#what = what;
  }

  /** Up to this value an id is its index plus one; 0 where ids are not dense. */
  get dense(): number {
    return this.#dense ? this.#count : 0;
  }

  /** `wire` has just read the id. */
  add(id: number, wire: Wire): void {
    this.#count += 1;
    if (this.#dense && id === this.#count) return;
    if (this.#dense) {
      this.#dense = false;
      for (let known = 1; known < this.#count; known += 1) this.#plain.set(known, known - 1);
    }
    if (id > MAX_PLAIN_ID) this.#large.set(`${wire.high}:${wire.low}`, this.#count - 1);
    else this.#plain.set(id, this.#count - 1);
  }

  /** `wire` has just read the id; throws UnreadableEvidence where the table does not contain it. */
  at(id: number, wire: Wire): number {
    if (this.#dense && id >= 1 && id <= this.#count) return id - 1;
    const index = id > MAX_PLAIN_ID ? this.#large.get(`${wire.high}:${wire.low}`) : this.#plain.get(id);
    if (index !== undefined && !(this.#dense && id === 0)) return index;
    const text = id > MAX_PLAIN_ID ? ((BigInt(wire.high) << 32n) | BigInt(wire.low)).toString() : String(id);
    throw new UnreadableEvidence(
      `the profile has no ${this.#what} ${text}, which it refers to`,
      `byte ${wire.at}`,
      'capture the profile again; it is cut off or damaged',
    );
  }
}
