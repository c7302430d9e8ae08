import type { Socket } from "node:dgram";
import * as werift from "werift";

/** werift's sockets, which its types leave out. */
interface Transports {
  readonly UdpTransport: { prototype: { readonly socket: Socket; init(): Promise<void> } };
}

/** What a socket may hold until it is read, bytes: a busy process loses packets by less. */
const receiveBytes = 1024 * 1024;

/** Asks for room; the system may give less. */
export function makeRoom(socket: Socket): void {
  try {
    socket.setRecvBufferSize(receiveBytes);
  } catch {
    // It is as it was.
  }
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
    this.socket.once("listening", () => makeRoom(this.socket));
    return init.call(this);
  };
}
