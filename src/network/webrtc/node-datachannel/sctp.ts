/** Parts of werift's SCTP association that it keeps to itself. */
interface Association {
  advertisedRwnd: number;
  readonly sentQueue: readonly unknown[];
  readonly timer3Handle: unknown;
  readonly isStopped: boolean;
  timer3Start(): void;
  transmit(): Promise<void>;
}

/**
 * Bytes that a peer may have under way: werift looks at all of them for each packet, so that more
 * costs more than it brings.
 */
export const windowBytes = 256 * 1024;

interface Transport {
  readonly sctp: Association | undefined;
  setDtlsTransport(dtls: unknown): void;
}

/**
 * Sets the window, and mends a standstill: when its timer for lost packets runs out while it sends,
 * werift sends nothing more and has no timer.
 */
export function steady(sctp: object): void {
  const transport = sctp as Transport;
  const set = transport.setDtlsTransport.bind(transport);
  transport.setDtlsTransport = (dtls) => {
    const before = transport.sctp;
    set(dtls);
    const association = transport.sctp;
    if (association && association !== before) mend(association);
  };
}

function mend(association: Association): void {
  association.advertisedRwnd = windowBytes;
  const transmit = association.transmit.bind(association);
  association.transmit = async () => {
    await transmit();
    const { sentQueue, timer3Handle, isStopped } = association;
    if (sentQueue.length > 0 && !timer3Handle && !isStopped) association.timer3Start();
  };
}
