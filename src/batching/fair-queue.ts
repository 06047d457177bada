/**
 * A queue that takes turns: `shift` gives one item of each flow in the order in which the flows came,
 * then the next item of each. A flow with one item waits for at most one item of every other flow.
 */
export class FairQueue<Item> {
  /** First key: the flow whose turn it is. A flow without items is not in the map. */
  readonly #flows = new Map<object, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds an item behind the flow's own; a new flow takes the last turn. */
  push(flow: object, item: Item): void {
    const items = this.#flows.get(flow);
    if (items === undefined) this.#flows.set(flow, [item]);
    else items.push(item);
    this.#size += 1;
  }

  /** Removes and returns the item whose turn it is, or undefined when empty. */
  shift(): Item | undefined {
    const [turn] = this.#flows;
    if (turn === undefined) return undefined;
    const [flow, items] = turn;
    const item = items.shift();
    this.#flows.delete(flow);
    if (items.length > 0) this.#flows.set(flow, items);
    this.#size -= 1;
    return item;
  }

  /** Removes and returns all items of a flow. */
  remove(flow: object): Item[] {
    const items = this.#flows.get(flow) ?? [];
    this.#flows.delete(flow);
    this.#size -= items.length;
    return items;
  }

  /** Gives every item, flow by flow; for looking, not for taking. */
  *[Symbol.iterator](): Generator<Item> {
    for (const items of this.#flows.values()) yield* items;
  }
}
