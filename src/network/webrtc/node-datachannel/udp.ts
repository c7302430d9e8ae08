import type { Socket } from "node:dgram";
import * as werift from "werift";

/** werift's sockets, which its types leave out. */
interface Transports {
  readonly UdpTransport: { prototype: { readonly socket: Socket; init(): Promise<void> } };
}

/**
 * Keeps a peer that is gone from ending the process: Bun raises the ICMP error that answers a packet
 * as the socket's, where werift has nobody listen. ICE finds out by its own checks.
 */
export function surviveSocketErrors(): void {
  const { prototype } = (werift as unknown as Transports).UdpTransport;
  const { init } = prototype;
  prototype.init = function () {
    this.socket.on("error", () => {});
    return init.call(this);
  };
}
