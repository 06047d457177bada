/**
 * A queue that takes turns: `shift` gives one item of each flow in the order in which the flows came, then the next
 * item of each. A flow that was never served goes before the turns, so that its first item waits for hardly anybody.
 * Newcomers may be ahead by one item of every other flow; while more of them come, every second item is theirs.
 *
 * @see RFC 8290, section 4.2, whose new queues go before the old ones without such a bound
 */
export class FairQueue<Item> {
  /** Flows that were never served, in the order in which they came. A flow without items is in neither map. */
  readonly #newcomers = new Map<object, Item[]>();
  /** First key: the flow whose turn it is. */
  readonly #turns = new Map<object, Item[]>();
  readonly #served = new WeakSet<object>();
  /** Items of newcomers that went before the turns, less the turns since. */
  #ahead = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Tells whether no item of the flow was ever taken. */
  isNewcomer(flow: object): boolean {
    return !this.#served.has(flow);
  }

  /** Adds an item behind the flow's own; a flow without any takes the last turn, of newcomers or of the others. */
  push(flow: object, item: Item): void {
    const flows = this.isNewcomer(flow) ? this.#newcomers : this.#turns;
    const items = flows.get(flow);
    if (items === undefined) flows.set(flow, [item]);
    else items.push(item);
    this.#size += 1;
  }

  /** Removes and returns the item whose turn it is, or undefined when empty. */
  shift(): Item | undefined {
    const mayGoBefore = this.#turns.size === 0 || this.#ahead < this.#turns.size;
    if (mayGoBefore && this.#newcomers.size > 0) return this.shiftNewcomer();
    this.#ahead = Math.max(0, this.#ahead - 1);
    return this.#shiftFrom(this.#turns);
  }

  /** Removes and returns the first item of the first newcomer, or undefined when there is none. */
  shiftNewcomer(): Item | undefined {
    this.#ahead = this.#turns.size === 0 ? 0 : this.#ahead + 1;
    return this.#shiftFrom(this.#newcomers);
  }

  #shiftFrom(flows: Map<object, Item[]>): Item | undefined {
    const [turn] = flows;
    if (turn === undefined) return undefined;
    const [flow, items] = turn;
    const item = items.shift();
    flows.delete(flow);
    this.#served.add(flow);
    if (items.length > 0) this.#turns.set(flow, items);
    this.#size -= 1;
    return item;
  }

  /** Removes and returns all items of a flow. */
  remove(flow: object): Item[] {
    const flows = this.isNewcomer(flow) ? this.#newcomers : this.#turns;
    const items = flows.get(flow) ?? [];
    flows.delete(flow);
    this.#size -= items.length;
    return items;
  }

  /** Gives every item, flow by flow; for looking, not for taking. */
  *[Symbol.iterator](): Generator<Item> {
    for (const items of this.#newcomers.values()) yield* items;
    for (const items of this.#turns.values()) yield* items;
  }
}
