/** Server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html has them. */
export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

const maxEvent = 1024 * 1024;

/** @throws {RangeError} for an event that is too large */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = "", id = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? "";
    if (text.length > maxEvent) throw new RangeError("the event is too large");
    for (const block of blocks) {
      let event = "message";
      const data: string[] = [];
      for (const line of block.split(/\r?\n/)) {
        const [, field, value = ""] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? [];
        if (field === "id") id = value;
        else if (field === "event") event = value;
        else if (field === "data") data.push(value);
      }
      if (data.length > 0) yield { id, event, data: data.join("\n") };
    }
  }
}
