// Typed arrays that grow, for columns whose length is known only at their end.

/** Whole numbers of 32 bits. */
export class Integers {
  #numbers = new Int32Array(1_024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#numbers.length) this.room(1);
    this.#numbers[this.length++] = value;
  }

  /** Memory for so many more: they are written from `length` on, and `length` is set behind them. */
  room(more: number): Int32Array {
    if (this.length + more > this.#numbers.length) {
      const larger = new Int32Array(Math.max(this.length + more, this.#numbers.length * 2));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    return this.#numbers;
  }

  /** What was pushed; shares its memory. */
  read(): Int32Array {
    return this.#numbers.subarray(0, this.length);
  }
}
