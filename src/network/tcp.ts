import type { DialTransportOptions, Transport } from "@libp2p/interface";
import { tcp, type TCPComponents } from "@libp2p/tcp";

/**
 * TCP whose sockets don't get the dial's signal: the transport heeds it itself, and a socket that
 * did so too would raise an error when nobody listens to it any more.
 */
export function steadyTcp(components: TCPComponents): Transport {
  const transport = tcp()(components);
  const dial = transport.dial.bind(transport);
  transport.dial = (address, { signal, upgrader, ...rest }: DialTransportOptions) => {
    const upgradeOutbound: typeof upgrader.upgradeOutbound = (connection, options) =>
      upgrader.upgradeOutbound(connection, { ...options, signal });
    const wrapped = Object.assign(Object.create(upgrader), { upgradeOutbound });
    // Inherited: what spreads the options doesn't see it.
    return dial(address, Object.assign(Object.create({ signal }), rest, { upgrader: wrapped }));
  };
  return transport;
}
