/** What the page shows. All that comes from elsewhere is text, never markup. */
import type { Answer } from "../../pages/browser/verify.ts";

/** Tasks shown; the oldest go first. */
const mostTasks = 200;

export interface ShownTask {
  readonly taskId: string;
  readonly projectId: bigint;
  readonly state: string;
  /** The operator whose key signed it. */
  readonly from: string;
}

const byId = (id: string): HTMLElement => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no ${id}`);
  return element;
};

function element(name: string, text = "", className = ""): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

const short = (hex: string) => hex.length > 20 ? `${hex.slice(0, 10)}…${hex.slice(-6)}` : hex;

/** @param check answers for a task whose button was pressed */
export function createView(check: (task: ShownTask) => Promise<Answer>) {
  const rows = new Map<string, { row: HTMLElement; result: HTMLElement }>();

  function rowOf(task: ShownTask) {
    const known = rows.get(task.taskId);
    if (known) return known;
    const row = element("tr");
    row.dataset.task = task.taskId;
    const result = element("tr");
    const cell = element("td");
    cell.setAttribute("colspan", "6");
    result.append(cell);
    result.hidden = true;
    const entry = { row, result };
    rows.set(task.taskId, entry);
    byId("tasks").prepend(row, result);
    for (const [id, { row, result }] of rows) {
      if (rows.size <= mostTasks) break;
      row.remove();
      result.remove();
      rows.delete(id);
    }
    return entry;
  }

  return {
    status: (text: string) => void (byId("status").textContent = text),

    refused(counts: ReadonlyMap<string, number>) {
      const stale = counts.has("stale") ? "; is this machine's clock right?" : "";
      const text = [...counts].map(([kind, count]) => `${kind} ${count}`).join(", ");
      byId("refused").textContent = `refused: ${text}${stale}`;
      byId("refused").hidden = false;
    },

    has: (taskId: string) => rows.has(taskId),

    show(task: ShownTask) {
      const { row, result } = rowOf(task);
      const id = element("td", short(task.taskId), "hex");
      id.title = task.taskId;
      const from = element("td", short(task.from), "hex");
      from.title = task.from;
      const button = element("button", "check");
      button.addEventListener("click", async () => {
        result.hidden = false;
        await showAnswer(result.firstElementChild as HTMLElement, () => check(task));
      });
      const last = element("td");
      last.append(button);
      row.replaceChildren(
        element("td", `${task.projectId}`),
        id,
        element("td", task.state),
        element("td", new Date().toLocaleTimeString()),
        from,
        last,
      );
      row.dataset.state = task.state;
    },

    /** Calls with the id of each message that is asked for, and what it must be where that is given. */
    onMessage(check: (id: string, message: GivenMessage) => Promise<Answer>) {
      byId("lookup").addEventListener("submit", async (event) => {
        event.preventDefault();
        const id = (byId("message") as HTMLInputElement).value.trim();
        await showAnswer(byId("checked"), () => check(id, givenMessage()));
      });
    },

    /** Calls with the text of each file that is chosen. */
    onFile(check: (text: string, message: GivenMessage) => Promise<Answer>) {
      byId("file").addEventListener("change", async ({ target }) => {
        const input = target as HTMLInputElement;
        const file = input.files?.[0];
        if (!file) return;
        const text = file.text();
        // The same file may be chosen again.
        input.value = "";
        await showAnswer(byId("checked"), async () => check(await text, givenMessage()));
      });
    },
  };
}

interface GivenMessage {
  readonly data?: string;
}

function givenMessage(): GivenMessage {
  const data = (byId("data") as HTMLTextAreaElement).value;
  return data === "" ? {} : { data };
}

async function showAnswer(place: HTMLElement, ask: () => Promise<Answer>): Promise<void> {
  place.replaceChildren(element("p", "checking"));
  let answer: Answer;
  try {
    answer = await ask();
  } catch (error) {
    answer = { unchecked: (error as Error).message, facts: [] };
  }
  const { refused, unchecked, facts } = answer;
  const verdict = refused !== undefined
    ? element("p", `refused: ${refused}`, "refused")
    : unchecked !== undefined
    ? element("p", `not checked: ${unchecked}`, "refused")
    : element("p", "valid", "valid");
  const list = element("dl");
  for (const [name, value] of facts) list.append(element("dt", name), element("dd", value, "hex"));
  place.replaceChildren(verdict, list);
}
