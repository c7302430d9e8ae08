/** Virtual time: what is due happens in its order, and nothing waits. */
export class VirtualClock {
  /** Milliseconds since the start. */
  now = 0;
  #order = 0;
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  /** Lets something happen later; what is due at once happens in the order of the calls. */
  in(ms: number, run: () => void): void {
    const entry = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as typeof entry;
      if (above.at < entry.at || (above.at === entry.at && above.order < entry.order)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  /** Goes on until nothing is due any more, or `until` says so; answers how much happened. */
  run(until: () => boolean): number {
    let events = 0;
    for (let next = this.#take(); next; next = this.#take()) {
      this.now = next.at;
      next.run();
      events++;
      if (until()) break;
    }
    return events;
  }

  #take() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      const [left, right] = [heap[child], heap[child + 1]];
      if (
        right && left && (right.at < left.at || (right.at === left.at && right.order < left.order))
      ) {
        child++;
      }
      const lower = heap[child] as typeof last;
      if (last.at < lower.at || (last.at === lower.at && last.order < lower.order)) break;
      heap[i] = lower;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}
