/** An `EventTarget` with `on…` properties, as the browsers' WebRTC objects are. */
export class Emitter extends EventTarget {
  /** Calls `this.on<type>`, then the listeners. */
  protected fire(type: string, fields: Record<string, unknown> = {}): void {
    const event = Object.assign(new Event(type), fields);
    const handler = (this as unknown as Record<string, unknown>)[`on${type}`];
    if (typeof handler === "function") handler.call(this, event);
    this.dispatchEvent(event);
  }
}
