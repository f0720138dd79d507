// Where in its table an id of a profile lies.
import { UnreadableEvidence } from '../analysis.ts';
import type { Wire } from './wire.ts';

/** Ids above this are kept apart, for a double cannot tell them from their neighbours. */
const LARGEST_PLAIN_ID = Number.MAX_SAFE_INTEGER;

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

  /** Up to this an id is its index and one; 0 where that holds for none. */
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
    if (id > LARGEST_PLAIN_ID) this.#large.set(`${wire.high}:${wire.low}`, this.#count - 1);
    else this.#plain.set(id, this.#count - 1);
  }

  /** `wire` has just read the id; throws UnreadableEvidence where the table has none of it. */
  at(id: number, wire: Wire): number {
    if (this.#dense && id >= 1 && id <= this.#count) return id - 1;
    const index = id > LARGEST_PLAIN_ID ? this.#large.get(`${wire.high}:${wire.low}`) : this.#plain.get(id);
    if (index !== undefined && !(this.#dense && id === 0)) return index;
    const told = id > LARGEST_PLAIN_ID ? ((BigInt(wire.high) << 32n) | BigInt(wire.low)).toString() : String(id);
    throw new UnreadableEvidence(
      `a sample points to ${this.#what} ${told}, and the profile has none of that id`,
      `byte ${wire.at}`,
      'capture the profile again; this one is cut off or damaged',
    );
  }
}
