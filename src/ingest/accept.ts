/** From a request's message to what is stored. */
import type { Appended, NewMessage } from "../da/da.ts";
import type { Projects, ProjectVersion } from "../project/types.ts";
import type { Auth } from "./auth/index.ts";
import { type MessageRequest, RequestError } from "./message.ts";
import type { Rates } from "./rates.ts";

/** @throws {RequestError} for a project or version that new messages can't have */
export function versionOf(
  projects: Pick<Projects, "get" | "version">,
  { projectId, version }: MessageRequest,
): ProjectVersion {
  const found = projects.version(projectId, version);
  if (!found) {
    const problem = projects.get(projectId)?.problem;
    throw new RequestError(
      404,
      `project config not exist, projectID ${projectId}, version ${version.slice(0, 64)}` +
        (problem ? `: ${problem.slice(0, 500)}` : ""),
    );
  }
  if (projects.get(projectId)?.paused) {
    throw new RequestError(403, `project ${projectId} is paused and takes no messages`);
  }
  return found;
}

const encoder = new TextEncoder();

/**
 * Gives a function that makes a row of a message, or throws a `RequestError` about its sender.
 * Without a request, what is in the message alone says who that is.
 */
export const acceptance = (auth: Auth, rates: Rates) =>
async (
  request: Request | undefined,
  message: MessageRequest,
  version: ProjectVersion,
  idempotencyKey: string | undefined,
): Promise<NewMessage> => {
  const data = typeof message.data === "string" ? encoder.encode(message.data) : message.data;
  const most = version.limits?.bytes ?? Infinity;
  if (data.length > most) throw new RequestError(413, `data must have at most ${most} bytes`);
  const { clientId, key } = await auth.sender(request, message, version, data);
  rates.take(version, clientId);
  return {
    projectId: version.projectId,
    version: version.version,
    clientId,
    data,
    idempotencyKey: key ?? idempotencyKey,
    group: version.packing.groupBy === "device" ? clientId : "",
  };
};

/** The id of a stored message, or why it has none. */
export function idOf(
  appended: Appended,
): { readonly id: string; readonly duplicate: boolean } | RequestError {
  if ("error" in appended) return new RequestError(400, appended.error);
  if (!appended.differs) return appended;
  return new RequestError(
    409,
    "the Idempotency-Key, or a token that is good for one message, was used for other data",
    "replayed",
  );
}

/** @throws {RequestError} */
export function idempotencyKey(request: Request): string | undefined {
  return clientsKey("Idempotency-Key", request.headers.get("idempotency-key"));
}

/** @throws {RequestError} unless a client may choose the key */
export function clientsKey(name: string, key: string | null): string | undefined {
  if (key === null) return undefined;
  // Room for a batch's "/<index>".
  if (!/^[\x20-\x7e]{1,200}$/.test(key)) {
    throw new RequestError(400, `${name} must have 1 to 200 printable ASCII characters`);
  }
  return key;
}
