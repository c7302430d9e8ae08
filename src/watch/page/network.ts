/** Whom the page connects to, as the enode that serves it says. */
import { z } from "zod";
import { get } from "../../pages/browser/ask.ts";
import { address, projectId, uint256 } from "../../protocol/schema.ts";

const networkSchema = z.object({
  chainId: uint256,
  router: address,
  /** Where a page reaches the enode: multiaddrs of WebSocket and webrtc-direct. */
  addresses: z.array(z.string().max(512)).max(64),
  projects: z.array(projectId),
});

export const getNetwork = async (): Promise<z.infer<typeof networkSchema>> =>
  networkSchema.parse(await (await get("/watch/network")).json());
