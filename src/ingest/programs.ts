/** Routes that tell what receipts are checked against: programs, and who may operate a project. */
import type { Hono } from "hono";
import { errorText } from "../log.ts";
import { Patience } from "../network/patience.ts";
import type { Projects } from "../project/types.ts";
import { address, bytes32 } from "../protocol/schema.ts";
import { failure, json } from "./answers.ts";
import type { IngestDeps, Route } from "./index.ts";
import { RequestError } from "./message.ts";
import { uint } from "./path.ts";

/** Questions about operators, each of which may cost one to the chain. */
const asks = { burst: 256, perSecond: 16 } as const;

export function programRoutes(app: Hono, { projects, log }: IngestDeps, route: Route): void {
  const patience = new Patience(asks.burst, asks.perSecond);

  const getOperator = route("GET /operator/:project_id/:address", async (_, project, account) => {
    const id = uint(project ?? "");
    const parsed = address.safeParse(account);
    if (!parsed.success) throw new RequestError(400, "address: not an address");
    // Who may operate a project that isn't served here, others must be asked.
    const known = projects.get(id) !== undefined;
    if (patience.ended) return failure(429, "asked too often", { "retry-after": "1" });
    patience.spend();
    try {
      const mayOperate = known && await projects.canOperate(id, parsed.data);
      return json(200, JSON.stringify({ mayOperate }));
    } catch (error) {
      log.debug(`GET /operator: ${errorText(error)}`);
      return failure(503, "the chain can't be asked", { "retry-after": "5" });
    }
  });

  const getProgram = route("GET /program/:id", async (_, text) => {
    const id = bytes32.safeParse(text);
    if (!id.success) throw new RequestError(400, "id: not 32 bytes in hex");
    const found = programOf(projects, id.data);
    if (!found) return new Response(null, { status: 204 });
    const { vmType, param, code } = found;
    const line = new TextEncoder().encode(`${JSON.stringify({ vmType, param })}\n`);
    return new Response(new Blob([line, new Uint8Array(code)]), {
      headers: {
        "content-type": "application/octet-stream",
        "x-content-type-options": "nosniff",
      },
    });
  });

  app.get(
    "/operator/:project_id/:address",
    (c) => getOperator(c.req.raw, c.req.param("project_id"), c.req.param("address")),
  );
  app.get("/program/:id", (c) => getProgram(c.req.raw, c.req.param("id")));
}

/** A program that a project has now, or had when this enode started. */
export function programOf(projects: Pick<Projects, "list">, programId: string) {
  for (const { versions } of projects.list()) {
    for (const { program } of versions.values()) {
      if (program.programId === programId) return program;
    }
  }
  return undefined;
}
