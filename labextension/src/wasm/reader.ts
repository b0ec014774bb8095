/** A binary that is cut off or malformed where it is read. */
export class Malformed extends Error {}

/** Reads a part of a binary, and never beyond it. */
export class Reader {
  constructor(
    readonly data: Uint8Array,
    public at = 0,
    readonly end = data.length
  ) {}

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const value = this.done ? undefined : this.data[this.at];
    if (value === undefined) {
      throw new Malformed('The binary is cut off.');
    }
    this.at += 1;
    return value;
  }

  peek(): number {
    return this.done ? -1 : (this.data[this.at] ?? -1);
  }

  /** An unsigned number of at most 32 bits (64 with `wide`; what does not fit a number exactly is no size here). */
  unsigned(wide = false): number {
    let value = 0;
    for (let shift = 0; shift < (wide ? 70 : 35); shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) {
        return value;
      }
    }
    throw new Malformed('A number is too long.');
  }

  /** The next `size` bytes as a reader of their own. */
  part(size = this.unsigned()): Reader {
    const begin = this.at;
    if (size > this.end - begin) {
      throw new Malformed('The binary is cut off.');
    }
    this.at += size;
    return new Reader(this.data, begin, begin + size);
  }

  text(): string {
    const { at, end } = this.part();
    return new TextDecoder().decode(this.data.subarray(at, end));
  }

  /** A list; a count that its part cannot hold is refused before anything is made of it. */
  list<T>(read: () => T): T[] {
    const count = this.unsigned();
    if (count > this.end - this.at) {
      throw new Malformed('A list is longer than what holds it.');
    }
    return Array.from({ length: count }, read);
  }
}
