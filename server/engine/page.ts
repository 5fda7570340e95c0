// Half of the 4 MiB that gRPC clients take in one message unless told otherwise:
// an entry may be 1 MiB, and is a little larger in the answer than on disk.
const maxBytes = 2 << 20;

/** One page of a list while it is filled: at the most so many entries and so many bytes, at the least one entry. */
export class Page<T> {
  readonly entries: T[] = [];
  #bytes = 0;

  constructor(private readonly size: number) {}

  /**
   * Adds an entry of about so many bytes.
   * @returns false where it belongs on the next page
   */
  add(entry: T, bytes: number): boolean {
    const { entries } = this;
    if (entries.length > 0 && (entries.length === this.size || this.#bytes + bytes > maxBytes)) return false;
    entries.push(entry);
    this.#bytes += bytes;
    return true;
  }
}
