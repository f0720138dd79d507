// Typed arrays that grow, for columns of unknown length.

/** 32-bit integers. */
export class Integers {
  #numbers = new Int32Array(1_024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#numbers.length) this.room(1);
    this.#numbers[this.length++] = value;
  }

  /** Makes room for `more` numbers, to be written from `length` on; the caller then updates `length`. */
  room(more: number): Int32Array {
    if (this.length + more > this.#numbers.length) {
      const larger = new Int32Array(Math.max(this.length + more, this.#numbers.length * 2));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    return this.#numbers;
  }

  /** The numbers pushed so far; shares their memory. */
  read(): Int32Array {
    return this.#numbers.subarray(0, this.length);
  }
}
