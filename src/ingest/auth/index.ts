/** Who sent a message, by the rules of its project. */
import type { AuthRule } from "../../project/auth.ts";
import type { ProjectVersion } from "../../project/types.ts";
import type { MessageRequest } from "../message.ts";
import { senderOf } from "../sender.ts";
import { createBearer } from "./bearer.ts";
import { signedByDevice, signedBySuccessor } from "./device.ts";
import { createDidKeys, type DidOptions } from "./did.ts";
import { refused } from "./refused.ts";

export interface Sender {
  /** "" when unknown. */
  readonly clientId: string;
  /** Under it the client has one message; the request's own Idempotency-Key then means nothing. */
  readonly key?: string | undefined;
}

export interface AuthOptions {
  /** Secrets of HS256 by project (`JWT_SECRETS`). */
  readonly secrets?: ReadonlyMap<bigint, readonly Uint8Array[]>;
  readonly did?: DidOptions;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Auth {
  /**
   * @param request undefined for a message that came by another way than HTTP
   * @throws {RequestError} when no rule of the project admits who sent it
   */
  sender(
    request: Request | undefined,
    message: MessageRequest,
    version: ProjectVersion,
    data: Uint8Array,
  ): Promise<Sender>;
  /** Whom the request's token names, if it has one. @throws {RequestError} */
  bearer(request: Request, version: ProjectVersion): Promise<Sender | undefined>;
}

export function createAuth(options: AuthOptions = {}): Auth {
  const { now = Date.now, secrets = new Map() } = options;
  const bearer = createBearer({ secrets, now, didKeys: createDidKeys({ now, ...options.did }) });
  const bearerOf = async (
    token: string,
    { projectId, auth: rules = [] }: ProjectVersion,
    bytes: number,
  ) => {
    const { clientId, once } = await bearer(token, { projectId, rules, bytes });
    return { clientId, ...(once === undefined ? {} : { key: ownKey("jti", once) }) };
  };
  return {
    async sender(request, message, version, data) {
      const { auth: rules } = version;
      const { signature } = message;
      if (!rules) {
        const clientId = signature === undefined ? "" : await senderOf({ ...message, signature });
        return { clientId };
      }
      let failure: unknown;
      for (const rule of signature === undefined ? [] : signatureRules(message, rules)) {
        try {
          const { clientId, once } = rule.type === "device"
            ? await signedByDevice(message, rule, data, now())
            : await signedBySuccessor(message, rule);
          return { clientId, ...(once === undefined ? {} : { key: ownKey("signed", once) }) };
        } catch (error) {
          failure ??= error;
        }
      }
      const token = request && rules.some(isBearer) ? tokenOf(request) : undefined;
      if (token !== undefined) return await bearerOf(token, version, data.length + messageBytes);
      throw failure ?? refused("missing", nobody(version, rules, request !== undefined));
    },
    async bearer(request, version) {
      const token = tokenOf(request) ?? new URL(request.url).searchParams.get("authorization");
      return token === null ? undefined : await bearerOf(token, version, messageBytes);
    },
  };
}

/** What a request holds beside its data. */
const messageBytes = 1024;

const isBearer = ({ type }: AuthRule) => type === "jwt" || type === "credential";

/** Idempotency keys that no client can choose: theirs are ASCII. */
const ownKey = (kind: "jti" | "signed", text: string): string => `§${kind} ${text}`;

/** The rules that may admit a message with a signature: one that names its device is of our form. */
function signatureRules(message: MessageRequest, rules: readonly AuthRule[]) {
  const ours = rules.filter((rule) => rule.type === "device");
  const successors = rules.filter((rule) => rule.type === "successor");
  if (message.device !== undefined && ours.length > 0) return ours;
  return successors.length > 0 ? successors : ours;
}

function tokenOf(request: Request): string | undefined {
  const header = request.headers.get("authorization");
  if (header === null) return undefined;
  const match = /^Bearer +([^ ]+) *$/i.exec(header);
  if (!match?.[1]) {
    throw refused("malformed", 'Authorization: must be "Bearer", a space and the token');
  }
  return match[1];
}

function nobody(
  { projectId }: ProjectVersion,
  rules: readonly AuthRule[],
  isHttp: boolean,
): string {
  if (!isHttp && rules.every(isBearer)) {
    return `project ${projectId} takes messages with an Authorization header only: send by HTTP`;
  }
  const ways = [
    ...(isHttp && rules.some(isBearer) ? ['a header "Authorization: Bearer <JWT>"'] : []),
    ...(rules.some(({ type }) => type === "device")
      ? ["the fields device, time, nonce and signature"]
      : []),
    ...(rules.some(({ type }) => type === "successor") ? ["the field signature"] : []),
  ];
  return `project ${projectId} takes messages of known senders only: add ${ways.join(", or ")}`;
}
