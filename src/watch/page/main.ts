/** The page's script: hears what the enode's gossip says of tasks, and checks their receipts. */
import type { Log } from "../../log.ts";
import { Gossip } from "../../network/gossip.ts";
import type { Project } from "../../project/types.ts";
import { mayOperate } from "../../pages/browser/ask.ts";
import { checkAway } from "../../pages/browser/checker.ts";
import { getNetwork } from "./network.ts";
import { keepConnected, openPeer } from "./peer.ts";
import { createView } from "./view.ts";

/** Most projects watched; `?project=1,2` names which. */
const mostProjects = 64;
/** Pause between looks for new projects, ms. */
const lookMs = 30_000;

const view = createView(({ projectId, taskId }) => checkAway({ task: { projectId, taskId } }));
view.onFile((receipt, data) => checkAway({ receipt, ...data }));
view.onMessage((messageId, data) => checkAway({ messageId, ...data }));

/** Operators that the enode knows, each asked about once. */
function operators() {
  const known = new Map<string, Promise<boolean>>();
  return (project: bigint, account: string): Promise<boolean> => {
    const name = `${project} ${account}`;
    const answer = known.get(name) ?? mayOperate(project, account);
    known.set(name, answer);
    answer.catch(() => known.delete(name));
    return answer;
  };
}

async function watch(): Promise<void> {
  if (!isSecureContext) {
    return view.status(
      "this page works over https, or on localhost: it needs the browser's crypto",
    );
  }
  const network = await getNetwork();
  const { chainId, router, addresses } = network;
  if (addresses.length === 0) {
    return view.status("this enode listens for no pages: see P2P_LISTEN in its README");
  }
  const asked = new URLSearchParams(location.search).get("project")?.split(",").map(BigInt);
  const wanted = (ids: readonly bigint[]) =>
    ids.filter((id) => asked?.includes(id) ?? true).slice(0, mostProjects);
  let ids = wanted(network.projects);
  const host = await openPeer();
  const joined = new Set<(project: Project) => void>();
  const project = (id: bigint) => ({ id }) as Project;
  const refused = new Map<string, number>();
  new Gossip({
    host,
    network: { chainId, router },
    projects: {
      list: () => ids.map(project),
      onChange(listener) {
        joined.add(listener);
        return () => joined.delete(listener);
      },
      canOperate: operators(),
    },
    onRefused(kind) {
      refused.set(kind, (refused.get(kind) ?? 0) + 1);
      view.refused(refused);
    },
    onHeard(message) {
      const { from, body: { taskId, projectId } } = message;
      if (message.kind === "state") {
        view.show({ taskId, projectId, from, state: message.body.state });
      } else if (!view.has(taskId)) {
        view.show({ taskId, projectId, from, state: "packed" });
      }
    },
    log: quiet,
  });
  const tell = () => {
    const count = host.getConnections().length;
    const names = ids.length > 0 ? `project ${ids.join(", ")}` : "no project";
    view.status(`${count > 0 ? "connected" : "connecting"}; watching ${names}`);
  };
  host.addEventListener("connection:open", tell);
  host.addEventListener("connection:close", tell);
  tell();
  keepConnected(host, addresses, quiet);
  const look = async () => {
    ids = wanted((await getNetwork()).projects);
    for (const id of ids) for (const listener of joined) listener(project(id));
    tell();
  };
  setInterval(() => look().catch((error: Error) => view.status(error.message)), lookMs);
}

const nothing = () => {};
const quiet = { debug: nothing, info: nothing, warn: nothing, error: nothing } as unknown as Log;

watch().catch((error: Error) => view.status(error.message));
