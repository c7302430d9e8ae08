/**
 * Waiting items of many owners. Owners take turns; each owner's items keep their order.
 * An owner that was passed over `maxPasses` times goes next whatever the cost.
 */
export class Turns<T> {
  /** The map's order is the order of turns. */
  readonly #queues = new Map<string, T[]>();
  readonly #passes = new Map<string, number>();

  constructor(private readonly maxPasses: number) {}

  get size(): number {
    return this.items().length;
  }

  items(): T[] {
    return [...this.#queues.values()].flat();
  }

  add(owner: string, item: T): void {
    const queue = this.#queues.get(owner);
    if (queue) queue.push(item);
    else this.#queues.set(owner, [item]);
  }

  remove(owner: string, item: T): void {
    const rest = this.#queues.get(owner)?.filter((other) => other !== item) ?? [];
    if (rest.length > 0) this.#queues.set(owner, rest);
    else this.#forget(owner);
  }

  /** Each owner with its next item, in the order of turns. */
  heads(): { readonly owner: string; readonly item: T }[] {
    return [...this.#queues].map(([owner, queue]) => ({ owner, item: queue[0] as T }));
  }

  /** Whether the owner must not be passed over again. */
  due(owner: string): boolean {
    return (this.#passes.get(owner) ?? 0) >= this.maxPasses;
  }

  /** Takes an owner's next item, which ends its turn; the owner in front is passed over by others. */
  take(owner: string): T {
    const queue = this.#queues.get(owner);
    const item = queue?.shift();
    if (!queue || item === undefined) throw new Error("nothing waits for this owner");
    const front = this.#queues.keys().next().value as string;
    if (front !== owner) this.#passes.set(front, (this.#passes.get(front) ?? 0) + 1);
    this.#forget(owner);
    if (queue.length > 0) this.#queues.set(owner, queue);
    return item;
  }

  #forget(owner: string): void {
    this.#queues.delete(owner);
    this.#passes.delete(owner);
  }
}
