import type { EventEmitter } from "node:events";
import type { CreateListenerOptions, Listener, Transport } from "@libp2p/interface";
import { webSockets, type WebSocketsComponents } from "@libp2p/websockets";

/**
 * WebSocket whose listeners close: the library waits for the "close" of an HTTP server that never
 * listened by itself, which Bun's doesn't emit.
 */
export function steadyWebSockets(components: WebSocketsComponents): Transport {
  const transport = webSockets()(components);
  const create = transport.createListener.bind(transport);
  transport.createListener = (options: CreateListenerOptions): Listener => {
    const listener = create(options) as Listener & { readonly http?: EventEmitter };
    const close = listener.close.bind(listener);
    listener.close = async () => {
      const closed = close();
      listener.http?.emit("close");
      await closed;
    };
    return listener;
  };
  return transport;
}
