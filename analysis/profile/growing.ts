// Typed arrays that grow, for columns whose length is known only at their end.

/** Whole numbers of 32 bits. */
export class Integers {
  #numbers = new Int32Array(1_024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.length++] = value;
  }

  /** What was pushed; shares its memory. */
  read(): Int32Array {
    return this.#numbers.subarray(0, this.length);
  }
}
