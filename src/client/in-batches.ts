export interface BatchLimits<Item> {
  /** Most items in a batch. Minimum: 1. */
  readonly size: number;
  /** Most bytes in a batch of several; a larger item is alone. */
  readonly maxBytes: number;
  readonly bytesOf: (item: Item) => number;
}

/** Yields the items of a source in groups, in order; none is empty. */
export async function* inBatches<Item>(
  source: AsyncIterable<Item> | Iterable<Item>,
  { size, maxBytes, bytesOf }: BatchLimits<Item>,
): AsyncGenerator<readonly Item[], void> {
  let batch: Item[] = [];
  let bytes = 0;
  for await (const item of source) {
    const more = bytesOf(item);
    if (batch.length > 0 && bytes + more > maxBytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += more;
    if (batch.length < size) continue;
    // At once: the next item may be long in coming.
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
